"""Pure DICOM: headers, DICOM JSON and XML, multipart bodies, negotiation, pixels. Knows nothing of the emulator."""

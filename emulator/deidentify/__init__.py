"""De-identification itself: of text, images, DICOM and FHIR. Knows nothing of requests, stores and operations."""

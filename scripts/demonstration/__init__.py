"""scripts/demo: from nothing to chest radiographs in a DICOM store, on the emulator, and back to nothing."""

"""The DICOM store beside Orthanc, and beside what the machine can do at most."""

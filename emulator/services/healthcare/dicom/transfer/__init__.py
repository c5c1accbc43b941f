"""What is of DICOM alone in imports and exports: instances, media types, tables of attributes."""

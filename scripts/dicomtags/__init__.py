"""The DICOM standard's tables, to look things up in: data elements, IODs and their modules, Table E.1-1 of PS3.15."""

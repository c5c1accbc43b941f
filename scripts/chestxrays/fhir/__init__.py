"""Chest X-rays as FHIR: patients, studies, reports and findings, of what the DICOM store and the label table hold."""

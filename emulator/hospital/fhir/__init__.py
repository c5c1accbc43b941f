"""The hospital in FHIR, R4 and STU3."""

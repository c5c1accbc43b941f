"""FHIR in the commands."""

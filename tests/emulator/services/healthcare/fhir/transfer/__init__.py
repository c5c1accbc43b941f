"""Tests of import and export of FHIR stores."""

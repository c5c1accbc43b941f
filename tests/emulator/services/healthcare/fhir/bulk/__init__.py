"""Tests of changes of many FHIR resources."""

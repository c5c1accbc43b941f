"""FHIR resources without what identifies a person: fields by rules, texts by a cleaner, ids and references alike."""

from emulator.deidentify.fhir.engine import Deidentified, Deidentifier
from emulator.deidentify.fhir.rules import Action, FhirRules, FieldRule

__all__ = ["Action", "Deidentified", "Deidentifier", "FhirRules", "FieldRule"]

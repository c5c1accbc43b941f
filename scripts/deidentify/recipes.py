"""Named DeidentifyConfigs (recipes.json), and those of files; with a key where there is one."""

from __future__ import annotations

import base64
import binascii
import contextlib
import copy
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.deidentify.dicom import tables
from emulator.deidentify.dicom.dummies import ENCAPSULATED_DOCUMENT
from emulator.deidentify.keys import Secret
from emulator.dicom import dictionary
from scripts.dicomtags import confidentiality
from scripts.errors import UsageError

Json = dict[str, Any]

DEFAULT = "ps315-basic"
_RECIPES = Path(__file__).with_name("recipes.json")
_PLAIN_TAG = re.compile(r"[0-9A-F]{8}")
_LATER = "current-edition"
_LATER_ACTIONS = {"X": "deleteTag", "Z": "removeTag", "U": "regenUidTag"}
"""What Google calls what the codes of Table E.1-1 ask for; all others are a dummy (resetTag)."""
_ALL_TEXT = {"textRedactionMode": "REDACT_ALL_TEXT"}


@dataclass(frozen=True)
class Recipe:
    """A DeidentifyConfig in Google's JSON, its name, and what it is for."""

    name: str
    description: str
    config: Json


def all_recipes() -> list[Recipe]:
    """Those that have a name."""
    return [_made(name, given) for name, given in _given().items()]


def named(name: str) -> Recipe:
    """A recipe by its name. Raises UsageError."""
    given = _given()
    if name not in given:
        raise UsageError(f"There is no recipe {name}: there are {', '.join(given)}; --config takes a file.")
    return _made(name, given[name])


def of_file(path: Path) -> Recipe:
    """The DeidentifyConfig in a file of JSON. Raises UsageError."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UsageError(f"{path} is not JSON.") from None
    if not isinstance(config, dict):
        raise UsageError(f"{path} is no DeidentifyConfig: it must be a JSON object.")
    return Recipe(path.name, "", config)


def read_key(path: Path) -> Secret:
    """The key in a file: 16, 24 or 32 bytes, or these in base64, with or without a line's end. Raises UsageError.

    What is both, such as 24 letters, is read as base64.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The key file {path} cannot be read: {error.strerror}.") from None
    for key in (_unpacked(raw), raw):
        with contextlib.suppress(ValueError):
            return Secret(key)
    raise UsageError(
        f"{path} holds no key: 16, 24 or 32 bytes, plain or in base64, as `openssl rand -base64 32` makes them."
    )


def _unpacked(raw: bytes) -> bytes:
    """What base64 stands for; nothing for what is no base64."""
    try:
        return base64.b64decode(raw.strip(), validate=True)
    except binascii.Error:
        return b""


def with_key(config: Json, secret: Secret) -> Json:
    """A config that shifts dates by a key, by which the emulator makes new ids, too. Raises UsageError.

    A config of v1 that names transformations already must name their keys itself.
    """
    made = copy.deepcopy(config)
    text = made.setdefault("text", {})
    if text.get("transformations") or text.get("additionalTransformations"):
        raise UsageError("The config has transformations of its own: put the key into these, not into --key.")
    key = base64.b64encode(secret.key).decode()
    text["additionalTransformations"] = [{"infoTypes": ["DATE"], "dateShiftConfig": {"cryptoKey": key}}]
    return made


def _given() -> dict[str, Json]:
    given: dict[str, Json] = json.loads(_RECIPES.read_text(encoding="utf-8"))
    return given


def _made(name: str, given: Json) -> Recipe:
    config = copy.deepcopy(given["config"])
    options = given.get("options", ())
    for option in options:
        _add(config["dicomTagConfig"], option, moves_dates="modified-dates" in options)
    return Recipe(name, given["description"], config)


def _add(tags: Json, option: str, *, moves_dates: bool) -> None:
    """Follow an option of PS3.15 E.3: its column of Table E.1-1 says which attributes are kept, and which cleaned.

    `current-edition` adds the rows that the table has got since the edition that Google names. Where dates are moved
    those of such rows are, too.
    """
    if option == "clean-pixels":
        tags.setdefault("options", {})["cleanImage"] = _ALL_TEXT
        return
    found = _later_rows(moves_dates=moves_dates) if option == _LATER else _wanted(option)
    queries: dict[str, list[str]] = {}
    for tag, action in sorted(found):
        queries.setdefault(action, []).append(tag)
    actions = tags.setdefault("actions", [])
    actions += [{"queries": queries[action], action: {}} for action in sorted(queries)]


def _wanted(option: str) -> Iterable[tuple[str, str]]:
    """Tags of an option's column with the action that its code asks for."""
    return ((tag, action) for tag, code in _column(option) if (action := _action(tag, code)))


def _later_rows(*, moves_dates: bool) -> Iterable[tuple[str, str]]:
    """Tags with actions of the rows of Table E.1-1 that the emulator's edition lacks, which is near to Google's.

    Of codes that depend on the IOD the action is one that leaves a value, so that the object stays valid. A tag that
    the dictionary lacks can't be named in a DeidentifyConfig.
    """
    for tag, rule in confidentiality.rules().items():
        known = _PLAIN_TAG.fullmatch(tag) and _vr(tag)
        if not known or int(tag, 16) == ENCAPSULATED_DOCUMENT or tables.row(int(tag, 16)):
            continue
        if moves_dates and _vr(tag) in ("DA", "DT", "TM"):
            yield from _moved(tag)
        else:
            yield tag, _LATER_ACTIONS.get(rule.action, "resetTag")


def _moved(tag: str) -> Iterable[tuple[str, str]]:
    """The action that moves a date; none for a time of day, which stays."""
    if _vr(tag) != "TM":
        yield tag, "cleanTextTag"


def _vr(tag: str) -> str:
    """The VR of a tag; "" for one that is not in the dictionary."""
    found = dictionary.entry(int(tag, 16))
    return found[0] if found is not None else ""


def _action(tag: str, code: str) -> str:
    """The action of a column's code: K keeps, C cleans; "" for what has no text that could be cleaned.

    Of times, dates are cleaned; a time of day (VR TM) and an offset from UTC (SH) move with no date and stay.
    """
    vr = _vr(tag)
    if code == "K" or vr in ("TM", "SH"):
        return "keepTag"
    return "cleanTextTag" if code == "C" and vr in ("DA", "DT") else ""


def _column(option: str) -> Iterable[tuple[str, str]]:
    """Tags and codes of an option's column of Table E.1-1, without repeating groups."""
    for tag, rule in confidentiality.rules().items():
        if rule.options and option in rule.options and _PLAIN_TAG.fullmatch(tag):
            yield tag, rule.options[option]

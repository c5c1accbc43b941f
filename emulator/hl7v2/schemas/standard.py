"""HL7's own schema, version 2.8.2, in the form of a client's (data/NOTICE says whence; extract.py makes the file)."""

import gzip
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.hl7v2.schemas.model import Json

PATH = Path(__file__).parent.parent / "data" / "v2.8.2.json.gz"


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(gzip.decompress(PATH.read_bytes()))
    return loaded


def structures() -> Mapping[str, Json]:
    """Root groups by message structure: ADT_A01."""
    found: Mapping[str, Json] = _data()["structures"]
    return found


def types() -> Sequence[Json]:
    """Segments and datatypes."""
    found: Sequence[Json] = _data()["types"]
    return found


def structure_of(key: str) -> str:
    """The structure of messages of a type and event, ADT_A01 for ADT_A04; the key itself where none is known."""
    found: str = _data()["events"].get(key, key)
    return found

"""The configuration of HL7v2 stores: the key `hl7v2Stores`, a map of store names to what each store is set to."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.store_options import StoreKey, StoreOptions, Wrong, given, one_of, text

PARSER_VERSIONS = ("V1", "V2", "V3")
"""Of ParserConfig.version; V3 numbers the fields of MSH as HL7 does, and resolves escapes."""


@dataclass(frozen=True)
class Hl7v2StoreSettings:
    """One HL7v2 store: Google's own settings under their own names, then what the program adds."""

    name: str
    parser_version: str = "V3"
    reject_duplicate_message: bool = False
    allow_null_header: bool = False
    segment_terminator: str | None = None
    """Base64 of the bytes between segments; None for a carriage return."""
    schema: str | None = None
    """A SchemaPackage as JSON; None for messages that are not checked."""
    notify: bool = True
    """Whether the HL7v2 topic is told of each message."""
    filter: str | None = None
    """Which messages it is told of; None for all."""
    loader_imports: bool = False
    """Whether the loader may import and export in bulk, for which Google knows the store's administrator only."""


def _base64(value: object) -> str:
    read = text(value)
    try:
        base64.b64decode(read, validate=True)
    except ValueError:  # binascii.Error is one, and so is that of letters beyond ASCII
        raise Wrong("must be the base64 of bytes, such as DQ== for a carriage return") from None
    return read


def _schema(value: object) -> str:
    """A SchemaPackage, as a map or as text, in the form of JSON that the provider wants."""
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise Wrong("must be a SchemaPackage in JSON") from None
    if not isinstance(read, dict):
        raise Wrong("must be a map: a SchemaPackage with schemas and types")
    return json.dumps(read, sort_keys=True)


def _contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings that exclude each other."""
    if "filter" in settings and "notify" in settings and not given(settings, "notify"):
        yield "filter has no effect where notify is false: leave one of them out."


HL7V2_STORES = StoreOptions(
    "an HL7v2 store",
    "parserVersion: V3",
    Hl7v2StoreSettings,
    (
        StoreKey(
            "parserVersion",
            "parser_version",
            "How `parsedData` numbers and reads fields; V3 as HL7 does. Changing it replaces the store.",
            one_of(*PARSER_VERSIONS),
        ),
        StoreKey(
            "rejectDuplicateMessage",
            "reject_duplicate_message",
            "Whether a message with the bytes of an earlier one is refused; else it is acknowledged and kept once.",
        ),
        StoreKey("allowNullHeader", "allow_null_header", "Whether a message may have no MSH segment."),
        StoreKey(
            "segmentTerminator",
            "segment_terminator",
            "Base64 of what ends a segment; empty for a carriage return.",
            _base64,
        ),
        StoreKey(
            "schema",
            "schema",
            "A `SchemaPackage` that messages are read by, and by `HARD_FAIL` refused by.",
            _schema,
        ),
        StoreKey("notify", "notify", "Whether each message is told to the topic `imaging-E-hl7v2`, by name."),
        StoreKey(
            "filter",
            "filter",
            'Which messages are told, in the language of Google\'s filters, such as `message_type = "ORU"`.',
            text,
        ),
        StoreKey(
            "loaderImports",
            "loader_imports",
            "Whether the loader may import and export in bulk. Google has one role for that, which may also delete the"
            " store and change its access (`roles/healthcare.hl7V2StoreAdmin`, on this store only).",
        ),
    ),
    _contradictions,
)
"""The key `hl7v2Stores`."""

"""What an HL7v2 store may be set to, beyond what all stores share."""

import base64
from datetime import UTC

from emulator.errors import invalid_argument
from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.schemas.layers import package_of
from emulator.services.healthcare.hl7v2 import filters
from emulator.services.healthcare.hl7v2.stored import version_of
from emulator.services.healthcare.stores import settings
from emulator.services.healthcare.stores.kind import Json


def check(old: Json | None, body: Json) -> None:
    """Raise 400 for settings that Google refuses; `old` are those before, None for a new store."""
    settings.check_one_of_both(body)
    for config in body.get("notificationConfigs") or []:
        filters.compiled(config.get("filter") or "", UTC)
    _check_schema(body)
    _check_terminator(body)
    if old is not None and _version(old) != _version(body):
        raise invalid_argument("Field parserConfig.version is immutable: it can be set only when the store is created.")


def _check_schema(body: Json) -> None:
    schema = (body.get("parserConfig") or {}).get("schema")
    if schema is None:
        return
    try:
        package_of(schema)
    except MessageError as problem:
        raise invalid_argument(f"Invalid parserConfig.schema: {problem}.") from None


def _check_terminator(body: Json) -> None:
    text = (body.get("parserConfig") or {}).get("segmentTerminator") or ""
    try:
        base64.b64decode(text).decode("utf-8")
    except ValueError:
        raise invalid_argument("Invalid parserConfig.segmentTerminator: it must be text in UTF-8, as base64.") from None


def _version(body: Json) -> str:
    return version_of(body.get("parserConfig") or {})

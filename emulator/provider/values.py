"""Property values as they travel between engine and plugin: unknown values, secrets and assets in a protobuf Struct."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, final

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

# The signatures of Pulumi's wire format (pulumi/sdk: common/resource/properties.go, plugin/rpc.go).
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the marker of a secret, not one)
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@final
class Unknown:
    """The type of UNKNOWN, a value that a preview can't know yet."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class Values(dict[str, Any]):
    """Properties of a resource as plain JSON-like values, and the names of those that are, or hold, a secret."""

    def __init__(self, values: Mapping[str, Any] | None = None, secrets: Iterable[str] = ()) -> None:
        super().__init__(values or {})
        self.secrets = frozenset(secrets)


def decode(struct: Struct) -> Values:
    """A Struct from the engine as plain values: secrets opened and remembered by property, unknowns as UNKNOWN."""
    plain: dict[str, Any] = {}
    secrets: set[str] = set()
    for name, value in MessageToDict(struct).items():
        if name.startswith("__"):
            continue
        found: list[bool] = []
        plain[name] = _open(value, found)
        if found:
            secrets.add(name)
    return Values(plain, secrets)


def _open(value: Any, found: list[bool]) -> Any:
    if value == _UNKNOWN:
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_open(item, found) for item in value]
    if not isinstance(value, dict):
        return value
    signature = value.get(_SIGNATURE)
    if signature == _SECRET:
        found.append(True)
        return _open(value.get("value"), found)
    if signature == _OUTPUT:
        if value.get("secret"):
            found.append(True)
        return _open(value["value"], found) if "value" in value else UNKNOWN
    if signature == _RESOURCE:
        return _open(value.get("id") or value.get("urn"), found)
    if signature == _ASSET:
        return value
    return {key: _open(item, found) for key, item in value.items()}


def encode(values: Mapping[str, Any], secrets: Iterable[str] = ()) -> Struct:
    """Plain values as a Struct for the engine; properties named in `secrets` are marked secret."""
    hidden = frozenset(secrets)
    struct = Struct()
    struct.update(
        {
            name: {_SIGNATURE: _SECRET, "value": _close(value)} if name in hidden else _close(value)
            for name, value in values.items()
            if value is not None
        }
    )
    return struct


def _close(value: Any) -> Any:
    if value is UNKNOWN:
        return _UNKNOWN
    if isinstance(value, Mapping):
        return {key: _close(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_close(item) for item in value]
    return value


def is_asset(value: Any) -> bool:
    """Whether a value is a Pulumi asset (a file, a text or a remote address)."""
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _ASSET


def asset_bytes(value: Mapping[str, Any]) -> bytes | Path:
    """What an asset holds: its text as UTF-8, or the path of its file. ValueError for a remote asset."""
    if "path" in value:
        return Path(value["path"])
    if value.get("uri"):
        raise ValueError("a remote asset needs the internet; use a FileAsset or a StringAsset")
    return str(value.get("text", "")).encode()


def md5(content: bytes | Path) -> bytes:
    """The MD5 digest of some content, as Cloud Storage keeps it of every object."""
    digest = hashlib.md5(usedforsecurity=False)
    if isinstance(content, bytes):
        digest.update(content)
    else:
        with content.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.digest()


def has_unknown(value: Any) -> bool:
    """Whether a value is, or contains, one that is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def is_empty(value: Any) -> bool:
    """Whether a value says no more than its absence: the API leaves out false, 0, empty texts, lists and objects."""
    if isinstance(value, Mapping):
        return all(is_empty(item) for item in value.values())
    return value is None or value in ("", 0, []) or (isinstance(value, list) and not value)

"""The package schema that the engine asks for when it writes code for imported resources, made from schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.provider import schema
from emulator.provider.schema import Type


def package_schema(tokens: Iterable[str]) -> str:
    """The served part of the gcp package in Pulumi's schema language, as JSON."""
    return json.dumps(
        {
            "name": "gcp",
            "version": schema.version(),
            # Where the classes of a token are: gcp:storage/bucket:Bucket is in module storage.
            "meta": {"moduleFormat": "(.*)(?:/[^/]*)"},
            "language": {"python": {"compatibility": "tfbridge20"}},
            "resources": {token: _resource(token) for token in tokens},
            "types": {_token(name): _object(entry) for name, entry in schema.object_types().items()},
        }
    )


def _resource(token: str) -> dict[str, Any]:
    kind = schema.kind(token)
    return {
        "inputProperties": _properties(kind.inputs),
        "requiredInputs": list(kind.required),
        "properties": _properties(kind.outputs),
        "required": list(kind.required),
    }


def _object(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": _properties(entry["properties"]), "required": entry["required"]}


def _properties(types: Mapping[str, Type]) -> dict[str, Any]:
    return {name: _type(declared) for name, declared in types.items()}


def _type(declared: Type) -> dict[str, Any]:
    if declared == "asset":
        return {"$ref": "pulumi.json#/Asset"}
    if isinstance(declared, str):
        return {"type": declared}
    if "list" in declared:
        return {"type": "array", "items": _type(declared["list"])}
    if "map" in declared:
        return {"type": "object", "additionalProperties": _type(declared["map"])}
    return {"$ref": f"#/types/{_token(declared['object'])}"}


def _token(name: str) -> str:
    """`storage/BucketCor` as a type token."""
    return f"gcp:{name}:{name.rsplit('/', 1)[-1]}"

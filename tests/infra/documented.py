"""How the documentation lists what a kind of store can be set to."""

import json
from typing import Any

from infra.store_options import StoreOptions


def documented(options: StoreOptions[Any]) -> list[str]:
    """The rows of its table: setting, default, meaning."""
    return [f"| `{key.name}` | {_default(options, key.field)} | {key.meaning} |" for key in options.keys]


def _default(options: StoreOptions[Any], field: str) -> str:
    if field not in vars(options.make):
        return "required"
    value = getattr(options.make, field)
    return "empty" if value is None else f"`{json.dumps(value)}`"

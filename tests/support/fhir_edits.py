"""Changes to JSON, written small: recorded beside the resource that they change and what was said of the result."""

from typing import Any

import orjson

Json = dict[str, Any]
Edit = list[Any]
"""What to do, the path to what, and with what: ["set", ["name", 0, "family"], 5]."""


def edited(resource: Json, edits: list[Edit]) -> Json:
    """A copy of a resource with edits made in their order."""
    changed: Json = _copy(resource)
    for edit in edits:
        _edit(changed, *edit)
    return changed


def at(value: Any, path: list[Any]) -> Any:
    """The value at a path."""
    for step in path:
        value = value[step]
    return value


def _copy(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))  # many times faster than copy.deepcopy


def _edit(resource: Json, do: str, path: list[Any], *how: Any) -> None:
    around, last = at(resource, path[:-1]), path[-1]
    if do == "set":
        around[last] = _copy(how[0])
    elif do == "delete":
        del around[last]
    elif do == "rename":
        around[how[0]] = around.pop(last)
    elif do == "wrap":
        around[last] = [around[last]]
    elif do == "unwrap":
        around[last] = around[last][0]
    elif do == "double":
        around[last] = [around[last], _copy(around[last])]

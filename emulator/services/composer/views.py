"""An environment as Composer shows it."""

from __future__ import annotations

from typing import Any

from emulator.state.resources import Resource


def view(found: Resource) -> dict[str, Any]:
    """The body that is stored, with name and times."""
    return {"name": found.name, **found.body, "createTime": found.created, "updateTime": found.updated}

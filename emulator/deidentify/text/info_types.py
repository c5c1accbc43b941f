"""The infoTypes: which are looked for by default, and where we know that from."""

from __future__ import annotations

import json
import re
from pathlib import Path

_TABLE = json.loads((Path(__file__).parent / "data" / "info_types.json").read_text())["info_types"]

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")

CONTEXTUAL = "CTX"
"""What is found because the record says it elsewhere, where a config asks for contextual de-identification."""
ALL = frozenset(_TABLE)
"""Every infoType that there are rules for."""
DEFAULTS = frozenset(name for name, facts in _TABLE.items() if facts["default"])
"""Those that are looked for where a config names none."""


def may_be_info_type(name: str) -> bool:
    """Whether a text has the form of an infoType's name: capitals, digits and underscores."""
    return bool(_NAME.fullmatch(name))

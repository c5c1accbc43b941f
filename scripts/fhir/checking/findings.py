"""One thing that a store would refuse: where it is, what it is, what would help."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_A_NAME = re.compile(r'"([A-Za-z_][A-Za-z0-9_]{0,63})"')


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a resource, in words that quote no value of it."""

    where: str
    """Patient.contact[0].gender; "" for the resource as a whole."""
    what: str
    """As the store words it: unknown field "encounter"."""
    remedy: str = ""
    """The smallest change that helps: strip it."""
    values: str = ""
    """What was found and what it would become. May be a patient's data: shown only where a person asks for it."""
    mended: bool = False
    """Whether `--write` makes that change."""

    def to_json(self, *, values: bool) -> dict[str, Any]:
        """The finding for programs; with the values that it is about where these are asked for."""
        shown = {"where": self.where, "what": self.what, "remedy": self.remedy, "mended": self.mended}
        return shown | ({"values": self.values} if values else {})

    def sentence(self, *, values: bool) -> str:
        """The finding for a person."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        if values and self.values:
            text += f" ({self.values})"
        return f"{text}; {self.remedy}" if self.remedy else text


def named(diagnostics: str) -> str:
    """The name that a sentence quotes, where it looks like one of FHIR's and not like a value; else ""."""
    found = _A_NAME.search(diagnostics)
    return found[1] if found else ""

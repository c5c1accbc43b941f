"""What would become of a file, attribute by attribute: for dry runs."""

from dataclasses import dataclass

from emulator.deidentify.dicom.deciding import Decision
from emulator.dicom import dictionary, values
from emulator.dicom.heads import Scope

_MOST = 120


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute: its path as in DICOM JSON (items by number), keyword, values as text, what is done, by what rule.

    `after` is None where the attribute goes. Values are shortened; bytes are told by their number.
    """

    path: str
    keyword: str
    vr: str
    before: str
    after: str | None
    action: str
    why: str


class Report:
    """Rows in the order of the file."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def __call__(self, tag: int, vr: str, before: bytes, decision: Decision, after: bytes | None, scope: Scope) -> None:
        """Note what became of an element."""
        action = ", ".join(each.value for each in decision.actions)
        texts = (_shown(vr, before, scope), None if after is None else _shown(vr, after, scope))
        name = dictionary.keyword(tag)
        self.rows.append(Row(f"{scope.path}{tag:08X}", name, vr, *texts, action, decision.why))


def _shown(vr: str, raw: bytes, scope: Scope) -> str:
    """A value for a person's eyes."""
    if not raw:
        return ""
    if vr not in values.TEXT_READERS:
        return f"{len(raw)} bytes"
    text = scope.charset.decode(raw, person_name=vr == "PN").rstrip("\0 ")
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"

"""What looking at a target has shown, in figures and in places; values only where somebody asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.errors import ExitCode
from scripts.leaks.comparing import Comparison
from scripts.leaks.findings import Findings, Leak
from scripts.leaks.values import Value

Json = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """What became of the values of an action of PS3.15 Table E.1-1: how many there were, and how many are left."""

    name: str
    values: int
    left: int

    @property
    def recall(self) -> float:
        """The part of them that is gone, from 0 to 1."""
        return 1 - self.left / self.values


@dataclass(frozen=True)
class Report:
    """What was looked for and found.

    sources   how many files the source has
    unread    how many of them hold neither DICOM nor FHIR that could be read
    labels    the names of the target's files
    values    what was looked for
    unpaired  files of the target of which nobody knows what they were made of
    """

    sources: int
    unread: int
    labels: Sequence[str]
    values: Sequence[Value]
    found: Findings
    compared: Comparison
    unpaired: int

    @property
    def exit_code(self) -> ExitCode:
        """0 where nothing was found and everything was looked at, else 3."""
        return ExitCode.PARTLY_DONE if self.found.leaks or self.found.unseen else ExitCode.DONE

    @cached_property
    def actions(self) -> list[Action]:
        """By action, in order of their names."""
        left = {leak.value for leak in self.found.leaks}
        wanted = Counter(each.action for each in dict.fromkeys((*self.values, *left)))
        leaking = Counter(each.action for each in left)
        return [Action(name, number, leaking[name]) for name, number in sorted(wanted.items())]

    @cached_property
    def _telling(self) -> set[int]:
        """The numbers of files whose names tell something."""
        return {leak.file for leak in self.found.leaks if leak.place == "name of the file"}

    def label(self, number: int) -> str:
        """How a file of the target is called in the report: by its number where its name tells something."""
        return f"file {number}" if number in self._telling else self.labels[number - 1]

    def to_json(self, *, with_values: bool) -> Json:
        """The whole for programs; with values it holds patients' data."""
        compared = self.compared
        return {
            "source": {"files": self.sources, "unread": self.unread, "values": len(self.values)},
            "target": {"files": len(self.labels), "pictures": self.found.pictures, "unpaired": self.unpaired},
            "leaks": [self._row(leak, with_values=with_values) for leak in self.found.leaks],
            "unseen": [{"file": self.label(number), "reason": why} for number, why in self.found.unseen],
            "actions": [
                {"action": each.name, "values": each.values, "left": each.left, "recall": each.recall}
                for each in self.actions
            ],
            "overRedaction": {"kept": compared.kept, "gone": {k: n for k, n in sorted(compared.gone.items()) if n}},
            "uids": {"compared": compared.uids, "contradictions": compared.contradictions},
            "validity": {"missingBefore": compared.lacking_before, "missingMore": dict(compared.lacking)},
            "compared": compared.pairs,
        }

    def _row(self, leak: Leak, *, with_values: bool) -> Json:
        row = {
            "file": self.label(leak.file),
            "place": leak.place,
            "infoType": leak.value.info_type,
            "from": leak.value.place,
            "action": leak.value.action,
        }
        return {**row, "value": leak.value.text} if with_values else row

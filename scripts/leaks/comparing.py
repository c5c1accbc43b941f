"""A file and its twin side by side: what is gone that should be there, whether UIDs agree, what the IOD misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.deidentify.dicom import marks
from emulator.dicom.header import Header
from scripts.dicomtags import standard
from scripts.dicomtags.files import quiet
from scripts.dicomtags.membership import missing_of
from scripts.leaks.dicom_values import name_of, rule_of

Json = dict[str, Any]


@dataclass
class Comparison:
    """What pairs of files say together.

    gone       attributes that the Basic Profile keeps and twins lack, by name, with how many twins lack each
    lacking    attributes that the IOD demands, which twins lack and sources do not
    _new, _old which UIDs each became, and of which each was made
    """

    pairs: int = 0
    kept: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    lacking: Counter[str] = field(default_factory=Counter)
    lacking_before: int = 0
    _new: dict[str, set[str]] = field(default_factory=dict, repr=False)
    _old: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def add(self, source: tuple[Path, Header], target: tuple[Path, Header]) -> None:
        """Compare a file with its twin."""
        self.pairs += 1
        self._compare_attributes(source[1].elements, target[1].elements, "")
        for old, new in _uids(source[1].elements, target[1].elements):
            self._new.setdefault(old, set()).add(new)
            self._old.setdefault(new, set()).add(old)
        before, after = (_missing(path) for path in (source[0], target[0]))
        self.lacking_before += len(before)
        self.lacking.update(sorted(after - before))

    @property
    def uids(self) -> int:
        """How many UIDs the sources have that twins have others for, or the same."""
        return len(self._new)

    @property
    def contradictions(self) -> int:
        """How many UIDs became several, or one of several."""
        return sum(len(each) > 1 for each in (*self._new.values(), *self._old.values()))

    def _compare_attributes(self, source: Mapping[str, Json], target: Mapping[str, Json], path: str) -> None:
        for key, element in source.items():
            tag = int(key, 16)
            if not _stays(tag):
                continue
            place = f"{path}{name_of(tag)}"
            if "Value" in element or "BulkDataURI" in element:
                self.kept += 1
                self.gone[place] += key not in target
            for old, new in _items(element, target.get(key, {})):
                self._compare_attributes(old, new, f"{place}.")


def _stays(tag: int) -> bool:
    """Whether the Basic Profile leaves an attribute as it is: not what tells of a de-identification, nor overlays."""
    group, element = tag >> 16, tag & 0xFFFF
    apart = group & 1 or group == 2 or element == 0 or group >> 8 == 0x60 or tag in marks.TAGS
    return not apart and rule_of(tag) is None


def _items(old: Json, new: Json) -> Iterator[tuple[Json, Json]]:
    """The items of a sequence beside those of its twin."""
    if old["vr"] == "SQ" and new.get("vr") == "SQ":
        yield from zip(old.get("Value", ()), new.get("Value", ()), strict=False)


def _uids(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The UIDs at the same places of a file and its twin."""
    for key, element in old.items():
        twin = new.get(key, {})
        if element["vr"] == "UI" and key[:4] != "0002":
            yield from zip(map(str, element.get("Value", ())), map(str, twin.get("Value", ())), strict=False)
        for before, after in _items(element, twin):
            yield from _uids(before, after)


def _missing(path: Path) -> set[str]:
    """What a file lacks that mandatory modules of its IOD demand."""
    import pydicom

    with quiet():
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        iod = standard.iod_of(str(dataset.get("SOPClassUID", "")))
        rows = [] if iod is None else missing_of(dataset, iod)
    return {
        f"{'.'.join([*row['path'], row['keyword']])} ({row['module']}) is {row['state']}"
        for row in rows
        if not row["keyword"].startswith("PixelData")
    }

"""Nothing of thousands of canaries is left after a de-identification, and `leaks` sees each of them before it.

LEAKS_SIZE=full takes all IODs, all shipped files, 200 notes and ten patients; a few of each otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.deidentify.notes import HELD_OUT, notes
from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules
from emulator.dicom.errors import DicomError, UnsupportedError
from scripts.deidentify import recipes
from scripts.deidentify.local import settings_of
from scripts.leaks.checking import Checker
from scripts.leaks.needles import Needles
from scripts.leaks.pairing import Twins
from scripts.leaks.report import Report
from tests.emulator.deidentify.dicom import answer_key
from tests.emulator.dicom.files import shipped_files
from tests.scripts.leaks.canaries import planted, syntaxes
from tests.support.fhir_data import ten_patients

FULL = os.environ.get("LEAKS_SIZE") == "full"
KEY = Secret(b"k" * 32)
RULES = settings_of(recipes.named("ps315-headers").config, KEY).dicom
IODS = sorted(answer_key.sop_classes())
NAMED_AS_A_CODE = "Perfusion^MCA Stroke"
"""A patient who is called like a code (PS3.3 C.8.16.1.3: PERFUSION) of eCT_Supplemental.dcm."""
MOST_BYTES = 50_000_000 if FULL else 60_000


class Silent:
    def advance(self, steps: int = 1) -> None:
        pass

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        pass


def check(source: Iterable[Path], target: Iterable[Path]) -> Report:
    made = list(target)
    return Checker(Twins(KEY)).check(list(source), made, [f"{number}.dcm" for number in range(len(made))], Silent())


def left(report: Report) -> list[tuple[str, str, str]]:
    return [(leak.place, leak.value.place, leak.value.text) for leak in report.found.leaks]


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[Path], set[str]]:
    """Objects with canaries, their twins, and the canaries."""
    folder = tmp_path_factory.mktemp("canaries")
    sources, targets, every = [], [], set()
    for iod, syntax in zip(IODS if FULL else islice(IODS, 0, None, 12), syntaxes(), strict=False):
        made = planted(iod)
        sources.append(folder / f"{iod}.source")
        targets.append(folder / f"{iod}.target")
        sources[-1].write_bytes(made.content(syntax))
        targets[-1].write_bytes(deidentify(sources[-1].read_bytes(), RULES, KEY).content())
        every |= made.canaries
    return sources, targets, every


def test_no_canary_is_left_in_bytes(canaries: tuple[list[Path], list[Path], set[str]]) -> None:
    sources, targets, every = canaries
    assert len(every) >= (25_000 if FULL else 2_000)
    needles = Needles((each, each) for each in every)
    seen = {each for path in sources for _, each in needles.find(path.read_bytes())}
    assert seen == every
    assert {each for path in targets for _, each in needles.find(path.read_bytes())} == set()


def test_leaks_finds_no_canary_in_twins_and_each_in_sources(
    canaries: tuple[list[Path], list[Path], set[str]],
) -> None:
    sources, targets, _ = canaries
    clean = check(sources, targets)
    assert (left(clean), clean.found.unseen) == ([], [])
    assert {each.recall for each in clean.actions} == {1.0}
    assert {each.name for each in clean.actions} >= {"D", "U", "X", "X/D", "X/Z", "X/Z/D", "Z", "Z/D", "private"}
    assert clean.compared.contradictions == 0
    assert sum(clean.compared.gone.values()) == 0
    identified = check(sources, sources)
    assert {each.recall for each in identified.actions} == {0.0}


def test_no_value_of_shipped_files_is_left(tmp_path: Path) -> None:
    known, remaining = 0, {}
    for path in shipped_files():
        if path.stat().st_size > MOST_BYTES or path.name.startswith("DICOMDIR"):
            continue
        target = tmp_path / "target.dcm"
        try:
            target.write_bytes(deidentify(path.read_bytes(), RULES, KEY).content())
        except (DicomError, UnsupportedError):  # files that are made to be unsound
            continue
        report = check([path], [target])
        known += len(report.values)
        if found := [each for each in left(report) if each[2] != NAMED_AS_A_CODE]:
            remaining[path.name] = found
    assert remaining == {}
    assert known > (2_000 if FULL else 500)


def test_no_known_value_of_notes_is_left(tmp_path: Path) -> None:
    cleaner = Cleaner(TextRules.basic(), KEY)
    for number, note in enumerate(notes(200 if FULL else 20, HELD_OUT)):
        source, target = tmp_path / f"{number}.json", tmp_path / f"{number}.txt"
        source.write_text(json.dumps(patient_of(note.known)))
        target.write_text(cleaner.clean(note.text, Known.of(note.known), note.style).text)
        assert left(check([source], [target])) == []


def patient_of(known: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A Patient that says what a note's record does."""
    found: dict[str, Any] = {"resourceType": "Patient", "name": [], "identifier": []}
    for info_type, value in known:
        if info_type == "PERSON_NAME":
            found["name"].append({"text": value})
        elif info_type == "DATE":
            found["birthDate"] = value
        else:
            found["identifier"].append({"value": value})
    return found


def test_values_of_ten_patients_are_seen_in_their_resources(tmp_path: Path) -> None:
    source = tmp_path / "all.ndjson"
    source.write_text("".join(json.dumps(each) + "\n" for each in ten_patients()))
    report = check([source], [source])
    (action,) = report.actions
    assert action.values > 100
    assert action.recall == 0

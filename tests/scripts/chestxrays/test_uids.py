"""UIDs that must never change."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import instance_uid, patient_uid, series_uid, study_uid, uid_of
from tests.scripts.chestxrays.films import RECORD, with_

LEVELS = (patient_uid, study_uid, series_uid, instance_uid)
PINNED = (
    "2.25.129031184029611297143751767533392840982",
    "2.25.288348815175422027324824789490304657721",
    "2.25.242357906704702501880111346156350073824",
    "2.25.47214312600986767435129764290228684738",
)


def test_they_are_these_for_ever() -> None:
    assert tuple(uid(RECORD) for uid in LEVELS) == PINNED


def test_another_process_makes_the_same() -> None:
    program = (
        "from tests.scripts.chestxrays.films import RECORD; from scripts.chestxrays.uids import *;"
        "print(patient_uid(RECORD), study_uid(RECORD), series_uid(RECORD), instance_uid(RECORD))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert tuple(done.stdout.split()) == PINNED


def test_the_release_of_the_labels_does_not_matter() -> None:
    # In the list of 2020 the follow-ups of some patients are numbered anew.
    for release in (with_(version="v2020", follow_up=0), with_(version="sample", age=3, findings=())):
        assert tuple(uid(release) for uid in LEVELS) == PINNED


def test_a_visit_with_two_films_is_one_study_in_a_list_of_ones_own() -> None:
    one, two = (FilmRecord(name, "7", 1, version="mine") for name in ("a.png", "b.png"))
    assert study_uid(one) == study_uid(two)
    assert series_uid(one) != series_uid(two)
    assert instance_uid(one) != instance_uid(two)


def test_another_set_with_the_same_names_has_other_uids() -> None:
    mine, yours = (FilmRecord("a.png", "7", version=version) for version in ("mine", "yours"))
    assert not {uid(mine) for uid in LEVELS} & {uid(yours) for uid in LEVELS}


def test_levels_differ() -> None:
    assert len(set(PINNED)) == 4


@given(st.text())
def test_all_are_valid(name: str) -> None:
    uid = UID(uid_of(name))
    assert uid.is_valid
    assert len(uid) <= 44

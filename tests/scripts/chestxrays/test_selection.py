"""What the options of a load choose."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.selection import Selection
from scripts.errors import ExitCode, UsageError

FILMS = (
    FilmRecord("a", "00000001", 0, ("Mass", "Hernia"), 40, "M", "PA", split="train_val"),
    FilmRecord("b", "00000001", 1, (), 41, "M", "AP", split="train_val"),
    FilmRecord("c", "00000002", 0, ("Edema",), None, "F", "PA", split="test"),
    FilmRecord("d", "Ward", 0, ("Pleural_Thickening",), 70, "", "", split=""),
)


def chosen(**options: Any) -> str:
    selection = Selection.parsed(**options)
    return "".join(record.index for record, _ in selection.of((record, None) for record in FILMS))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, "abcd"),
        ({"findings": ["Mass"]}, "a"),
        ({"findings": ["hernia,EDEMA"]}, "ac"),
        ({"findings": ["no finding", "pleural thickening"]}, "bd"),
        ({"view": "pa"}, "ac"),
        ({"sex": "m"}, "ab"),
        ({"age": "40-41"}, "ab"),
        ({"age": "41-"}, "bd"),
        ({"age": "-40"}, "a"),
        ({"age": "70"}, "d"),
        ({"patients": ["1"]}, "ab"),
        ({"patients": ["00000002,Ward"]}, "cd"),
        ({"split": "train"}, "ab"),
        ({"split": "Val"}, "ab"),  # as in a list of one's own
        ({"split": "test"}, "c"),
        ({"first": 2}, "ab"),
        ({"sex": "M", "view": "AP"}, "b"),
        ({"findings": ["Mass"], "view": "AP"}, ""),
    ],
)
def test_films_are_chosen(options: dict[str, Any], names: str) -> None:
    assert chosen(**options) == names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"findings": ["Cardiomegalie"]}, "did you mean Cardiomegaly"),
        ({"findings": ["effusions"]}, "did you mean Effusion"),
        ({"findings": ["xyz"]}, "take one of Atelectasis"),
        ({"view": "lateral"}, "take PA or AP"),
        ({"sex": "x"}, "take M or F"),
        ({"age": "old"}, "is no age"),
        ({"age": "-"}, "is no age"),
        ({"age": "4\u00b2"}, "is no age"),
        ({"age": "\u0664\u0660-\u0665\u0660"}, "is no age"),
        ({"age": "60-40"}, "write 40-60"),
        ({"split": "validation"}, "take train_val or test"),
        ({"first": 0}, "from 1 up"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        Selection.parsed(**options)
    assert refused.value.exit_code == ExitCode.WRONG_USE


def test_first_reads_no_further_than_needed() -> None:
    films = iter([(record, None) for record in FILMS])
    assert len(list(Selection(first=1).of(films))) == 1
    assert next(films)[0].index == "b"

"""The lists of a rehearsal: made-up labels in the columns, quotes and commas of NIH's and Kaggle's files."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from scripts.chestxrays.archive import BOXES, LISTS
from scripts.chestxrays.records import FINDINGS, NO_FINDING
from scripts.chestxrays.rehearsal.sinks import Sink
from scripts.loading.synthetic import GENERATOR, Film

FIRST_PATIENT = 50_001
"""NIH's last is 30,805."""

_HEAD = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,{},View Position"
_ORIGINAL = "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
_SAMPLE_ORIGINAL = "OriginalImageWidth,OriginalImageHeight,OriginalImagePixelSpacing_x,OriginalImagePixelSpacing_y"

# Films of NIH's list with each finding, in the order of FINDINGS.
_COUNTS = (11559, 2776, 4667, 2303, 13317, 2516, 1686, 227, 19894, 5782, 6331, 3385, 1431, 5302)
_NO_FINDING_SHARE, _ONE_FINDING_SHARE, _TEST_SHARE, _AP_SHARE, _BOX_SHARE = 0.54, 0.6, 0.228, 0.4, 0.02
_DETECTORS = ((2682, 2749, "0.143"), (2500, 2048, "0.168"), (2048, 2500, "0.171"), (2992, 2991, "0.14300000000000002"))
_MOST_FINDINGS = 9
_IMPOSSIBLE_AGE = 411
# Only these have boxes in NIH's list, which writes one of them otherwise than the labels.
_BOXED = {name: name for name in ("Atelectasis", "Cardiomegaly", "Effusion", "Mass", "Nodule", "Pneumonia")} | {
    "Infiltration": "Infiltrate",
    "Pneumothorax": "Pneumothorax",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What the lists say of a film; follow_up_2020 is its number in the list of 2020, which counts anew."""

    name: str
    findings: tuple[str, ...]
    patient: int
    follow_up: int
    follow_up_2020: int
    age: int
    sex: str
    view: str
    detector: tuple[int, int, str]
    test: bool
    box: tuple[str, float, float, float, float] | None


def rows_of_patient(films: Sequence[Film], *, impossible_ages: bool) -> list[Row]:
    """A row for each film of one patient; with `impossible_ages` some are 411 years old in the list of 2017."""
    person = random.Random(f"{GENERATOR}/{films[0].patient}/labels")  # noqa: S311
    age, sex, test = person.randrange(1, 95), person.choice("FM"), person.random() < _TEST_SHARE
    # NIH sorted some patients' follow-ups anew in 2020, so that the number is no longer the one in the name.
    turned = int(films[0].patient % 3 == 0)
    rows = []
    for film in films:
        chance = random.Random(f"{GENERATOR}/{film.patient}/{film.follow_up}/labels")  # noqa: S311
        findings = _findings(chance)
        boxed = [name for name in findings if name in _BOXED]
        corner = chance.uniform(80, 500), chance.uniform(80, 500), chance.uniform(60, 400), chance.uniform(60, 400)
        odd = impossible_ages and film.patient % 400 == 2
        rows.append(
            Row(
                name=f"{film.patient + FIRST_PATIENT - 1:08d}_{film.follow_up:03d}.png",
                findings=findings,
                patient=film.patient + FIRST_PATIENT - 1,
                follow_up=film.follow_up,
                follow_up_2020=(film.follow_up - turned) % len(films),
                age=_IMPOSSIBLE_AGE if odd else age + film.follow_up // 4,
                sex=sex,
                view="AP" if chance.random() < _AP_SHARE else "PA",
                detector=chance.choice(_DETECTORS),
                test=test,
                box=(_BOXED[boxed[0]], *corner) if boxed and chance.random() < _BOX_SHARE else None,
            )
        )
    return rows


def write_lists(sink: Sink, rows: Sequence[Row], layout: Literal["data", "sample"], *, stray_box: bool) -> None:
    """The lists of `layout`; with `stray_box` the list of boxes names an image that no other list names."""
    if layout == "sample":
        lines = (_line(row, row.follow_up, f"{row.age:03d}Y") for row in rows)
        _write(sink, LISTS["sample"], f"{_HEAD.format('Patient Gender')},{_SAMPLE_ORIGINAL}", lines)
        return
    _write(
        sink,
        LISTS["2017"],
        f"{_HEAD.format('Patient Gender')},{_ORIGINAL},",
        (_line(row, row.follow_up, str(row.age)) + "," for row in rows),
    )
    _write(
        sink,
        LISTS["v2020"],
        f"{_HEAD.format('Patient Sex')},{_ORIGINAL}",
        (_line(row, row.follow_up_2020, str(min(row.age, 95))) for row in rows),
    )
    boxes = [f"{row.name},{row.box[0]},{','.join(map(repr, row.box[1:]))}" for row in rows if row.box]
    if stray_box:
        boxes.append("00099999_000.png,Infiltrate,225.084745762712,547.019216763771,86.7796610169491,79.18644067796")
    _write(sink, BOXES, "Image Index,Finding Label,Bbox [x,y,w,h],,,", boxes)
    # No line end after the last name, as in NIH's.
    sink.write("train_val_list.txt", "\n".join(row.name for row in rows if not row.test).encode())
    sink.write("test_list.txt", "\n".join(row.name for row in rows if row.test).encode())


def _write(sink: Sink, name: str, head: str, lines: Iterable[str]) -> None:
    sink.write(name, "\n".join((head, *lines, "")).encode())


def _line(row: Row, follow_up: int, age: str) -> str:
    width, height, spacing = row.detector
    findings = "|".join(row.findings) or NO_FINDING
    person = f"{row.patient},{age},{row.sex}"
    return f"{row.name},{findings},{follow_up},{person},{row.view},{width},{height},{spacing},{spacing}"


def _findings(chance: random.Random) -> tuple[str, ...]:
    if chance.random() < _NO_FINDING_SHARE:
        return ()
    found = set(chance.choices(FINDINGS, _COUNTS))
    while len(found) < _MOST_FINDINGS and chance.random() > _ONE_FINDING_SHARE:
        found.update(chance.choices(FINDINGS, _COUNTS))
    return tuple(sorted(found))

"""Films of a small made-up set, and their UIDs."""

from __future__ import annotations

from scripts.chestxrays.records import TEST, TRAIN, Box, FilmRecord
from scripts.chestxrays.uids import FilmUids

ROOT = "1.2.826.0.1.3680043.8.498"


def uids_of(film: FilmRecord) -> FilmUids:
    """UIDs that follow from the film's index."""
    number = int(film.index.partition(".")[0].replace("_", "1"))
    return FilmUids(f"{ROOT}.1.{number}", f"{ROOT}.2.{number}", f"{ROOT}.3.{number}")


def small_set(version: str = "2017") -> list[FilmRecord]:
    """Five films of three patients: patient 1 has three, of which the last two show something."""

    def film(patient: int, follow_up: int, *findings: str, **values: object) -> FilmRecord:
        index = f"{patient:08}_{follow_up:03}.png"
        given = {"sex": "F", "view": "PA", "age": 50, "split": TRAIN, **values}
        return FilmRecord(index, f"{patient:08}", follow_up, findings, version=version, **given)  # type: ignore[arg-type]

    return [
        film(1, 0, age=58, width=2682, height=2749, spacing=(0.143, 0.144)),
        film(1, 1, "Cardiomegaly", "Effusion", age=58, boxes=(Box("Cardiomegaly", 10.5, 20, 512, 256),)),
        film(1, 2, "Cardiomegaly", age=61, view="AP", boxes=(Box("Cardiomegaly", 0, 0, 100, 100),)),
        film(2, 0, "Effusion", sex="M", view="AP", split=TEST, boxes=(Box("Effusion", 1, 2, 3.5, 4),)),
        film(3, 0, age=None, sex="", view="", split=""),
    ]

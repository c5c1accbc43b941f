"""What `load` says before it does anything: how long it will take, and what is odd about a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from scripts.loading.planning import plan
from scripts.loading.sources import SourceError
from tests.scripts.conftest import Live, Run


@dataclass
class Watch:
    """A clock that goes on only while a film is converted."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Film:
    """A film of 1 MB whose conversion takes so many seconds; None: it can't be converted."""

    label: str
    watch: Watch
    seconds: float | None
    batch: str = ""
    fixed_version: str = "1"

    @property
    def object_name(self) -> str:
        return self.label

    def instance_uid(self) -> None:
        return None

    def problem(self) -> None:
        return None

    def content(self) -> bytes:
        if self.seconds is None:
            raise SourceError("The image is damaged")
        self.watch.now += self.seconds
        return bytes(1_000_000)


@pytest.mark.parametrize(
    ("seconds", "workers", "expected"),
    [
        ([3.0] + [0.01] * 399, 2, 2.0),  # the first one starts the processes
        ([3.0, 0.01, 0.01, 0.9, 0.01], 1, 0.05),  # a pause of the machine's
        ([3.0], 1, 3.0),
        ([None, 3.0, 0.01, 0.01], 1, 0.04),
    ],
)
def test_the_time_of_many_films_is_that_of_a_usual_one(
    seconds: Sequence[float | None], workers: int, expected: float
) -> None:
    watch = Watch()
    films = [Film(f"{number}.dcm", watch, each) for number, each in enumerate(seconds)]
    planned = plan(len(films), films, workers, 1e9, watch)
    assert planned.seconds == pytest.approx(expected)


def list_with(folder: Path, lines: int) -> Path:
    """An image, and a list in which so many lines name it again, which is wrong."""
    folder.mkdir()
    Image.new("L", (32, 24), 90).save(folder / "one.png")
    (folder / "list.csv").write_text("image\n" + "one.png\n" * (1 + lines))
    return folder


def test_of_many_bad_lines_a_few_are_shown(run: Run, live: Live, tmp_path: Path) -> None:
    few, many = list_with(tmp_path / "few", 5), list_with(tmp_path / "many", 700)
    ended = run("load", few, "--outputs", live.path)
    assert ended.err.count("names an image that an earlier line names") == 5
    assert "more such remarks" not in ended.err
    for command in ("load", "verify", "pipeline"):
        ended = run(command, many, "--outputs", live.path)
        assert ended.err.count("names an image that an earlier line names") == 5
        assert "\n... and 695 more such remarks: `load --dry-run --json` has them all.\n" in ended.err
    ended = run("load", many, "--dry-run", "--json", "--outputs", live.path)
    assert len(json.loads(ended.out)["problems"]) == 700

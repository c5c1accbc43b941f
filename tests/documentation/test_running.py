"""The lines of the pages do what they say: each is run, or has a reason why not.

The usual run takes three that need no stack. DOCUMENTED_COMMANDS=all takes all pages, a quarter of an hour or more;
DOCUMENTED_COMMANDS=docs/how-to/query.md that one.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.layout import ROOT
from engine.stacks import GRPC_PORT, PORT
from tests.documentation.blocks import PAGES
from tests.documentation.running.arrangement import REASONS, Arrangement
from tests.documentation.running.arrangements import ALONE, ARRANGEMENTS, SEED
from tests.documentation.running.clone import Clone
from tests.documentation.running.lines import Line, lines
from tests.documentation.running.session import begins, missing_programs, run_lines, run_page, word_in

WANTED = os.environ.get("DOCUMENTED_COMMANDS", "")
LINES = {page.relative_to(ROOT).as_posix(): list(lines(page)) for page in PAGES}
LOOPBACK = "127.0.0.1"
TAKEN_FOR_GRANTED = ("curl", "jq", "openssl")
QUICK = ("docs/how-to/federation.md", "docs/how-to/fhir.md", "docs/how-to/trouble.md")
CHOSEN = {"": QUICK, "all": tuple(ARRANGEMENTS)}.get(WANTED, (WANTED,))


def listens(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


def made(folder: Path, seed: str) -> Iterator[Clone]:
    """A clone whose emulator ends with it. Skips what needs one where what pages take for granted lacks."""
    if lacking := [program for program in TAKEN_FOR_GRANTED if shutil.which(program) is None]:
        pytest.skip(f"The lines of the pages need {', '.join(lacking)}, which are not on PATH.")
    if taken := [port for port in (PORT, GRPC_PORT) if listens(port)]:
        pytest.skip(f"The pages name ports that something else listens on: {taken}; python -m emulator stop ends it.")
    clone = Clone(folder)
    clone.make()
    clone.seed(seed)
    yield clone
    clone.stop()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone with an emulator that holds nothing."""
    yield from made(tmp_path_factory.mktemp("bare"), ALONE)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone with a stack, films and patients."""
    yield from made(tmp_path_factory.mktemp("seeded"), SEED)


@pytest.mark.parametrize("page", CHOSEN)
def test_a_page_does_what_it_says(page: str, request: pytest.FixtureRequest) -> None:
    arrangement = ARRANGEMENTS[page]
    clone: Clone = request.getfixturevalue("bare" if arrangement.alone else "seeded")
    assert run_page(clone, page, arrangement) == ""
    if missing := missing_programs(page, arrangement):
        pytest.skip(f"{page} was run but for its lines of {', '.join(missing)}, which are not on PATH.")


def test_every_page_with_lines_is_arranged() -> None:
    assert {page for page, found in LINES.items() if found} == ARRANGEMENTS.keys()


def unused(page: str, arrangement: Arrangement) -> list[str]:
    """What an arrangement says of lines and words that the page does not have."""
    found, ran = LINES[page], list(run_lines(page, arrangement))
    names = [name for name in arrangement.not_run if not any(begins(line, [name]) for line in found)]
    names += [
        name for name in (*arrangement.fails, *arrangement.stays) if not any(begins(line, [name]) for line in ran)
    ]
    return names + [word for word in arrangement.stand_ins if not any(word_in(word).search(line.text) for line in ran)]


@pytest.mark.parametrize("page", sorted(ARRANGEMENTS))
def test_nothing_is_arranged_that_the_page_does_not_need(page: str) -> None:
    assert unused(page, ARRANGEMENTS[page]) == []


@pytest.mark.parametrize("page", sorted(ARRANGEMENTS))
def test_a_line_that_is_not_run_has_a_reason_or_another_test(page: str) -> None:
    for reason in ARRANGEMENTS[page].not_run.values():
        assert reason in REASONS or (ROOT / reason).is_file(), reason


def test_most_lines_are_run() -> None:
    counted: Counter[bool] = Counter()
    for page, arrangement in ARRANGEMENTS.items():
        counted.update(begins(line, arrangement.not_run) for line in LINES[page])
    assert counted[False] > 3 * counted[True], counted


def test_a_wrong_line_is_found(bare: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    page = QUICK[0]
    wrong = [Line(page, 1, "true"), Line(page, 2, "python -m emulator begin | cat")]
    monkeypatch.setattr("tests.documentation.running.session.lines", lambda _: iter(wrong))
    assert f"{page}:2: python -m emulator begin | cat ended with 2" in run_page(bare, page, Arrangement(alone=True))

"""docs/how-to/consent.md: each command is run, in order, and prints what the page shows."""

import re
import shlex
from pathlib import Path

import pytest

from scripts.loading.synthetic import films
from tests.scripts.conftest import Finished, Live, Run, StartLive
from tests.support.emulator import ROOT

TEXT = (ROOT / "docs" / "how-to" / "consent.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", TEXT, re.MULTILINE)
"""Each command with what it prints."""
_ASSIGNED = re.compile(r"(\w+)=\$\((.*)\)")
_MADE_UP = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|(?<=/)\d{19}\b")


def said(text: str) -> list[str]:
    """What is printed without the ids that a store makes up; what comes first on which stream is left open."""
    return sorted(line.rstrip() for line in _MADE_UP.sub("ID", text).splitlines())


class Shell:
    """What the page's reader types into: variables, and `python -m scripts`."""

    def __init__(self, run: Run, live: Live) -> None:
        self._run = run
        self._live = live
        self._variables: dict[str, str] = {}

    def do(self, line: str) -> Finished:
        assigned = _ASSIGNED.fullmatch(line)
        words = shlex.split(assigned[2] if assigned else line)
        assert words[:3] == ["python", "-m", "scripts"]
        words = [self._variables[word[1:]] if word.startswith("$") else word for word in words[3:]]
        ended = self._run(*words, "--outputs", self._live.path)
        if assigned:
            self._variables[assigned[1]] = ended.out.strip()
            return Finished(ended.code, "", ended.err)
        return ended


def exported(live: Live) -> list[set[str]]:
    """The studies in each folder of exports for research, in the order in which they were made."""
    bucket = live.outputs.export_bucket
    _, found = live.emulator.request("GET", f"/storage/v1/b/{bucket}/o?prefix=consented-for-research/")
    folders: dict[str, set[str]] = {}
    for item in sorted(found["items"], key=lambda each: str(each["timeCreated"])):
        _, number, study, *_ = item["name"].split("/")
        folders.setdefault(number, set()).add(study)
    return list(folders.values())


def test_the_page_is_what_happens(
    run: Run, start_live: StartLive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = start_live()
    monkeypatch.chdir(tmp_path)
    for name in ("signed.pdf", "withdrawal.pdf"):
        Path(name).write_bytes(b"%PDF-1.7")
    shell = Shell(run, live)
    assert len(STEPS) > 12
    for line, expected in STEPS:
        ended = shell.do(line)
        wanted = expected.replace("local-project-local-export", live.outputs.export_bucket)
        assert said(ended.out + ended.err) == said(wanted), line
        assert ended.code == (1 if expected.startswith("no\n") else 0), line
    studies = {patient: {film.uid("study") for film in films(10) if film.patient == patient} for patient in (1, 2, 3)}
    assert exported(live) == [studies[1] | studies[2], studies[1], studies[2]]

"""Text from outside that must command no terminal and no spreadsheet: the rules, and every command that shows some."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pydicom
import pytest

from scripts.legible import legible, legible_json, plain_cell
from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.files import small_film
from tests.support.terminal import OnTerminal, run_on_terminal

# Sets the window's title and rings; begins a sequence with one C1 control; turns the text round; erases a line.
EVIL = "\x1b]0;owned\x07\x9b31m\u202egnp\u2066\x1b[2K"
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # rich's own: colours, and the cursor of the progress bar
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller^Ægir 山田", "Müller^Ægir 山田"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x9b31m", r"\x9b31m"),
        ("\x7f\x00", r"\x7f\x00"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\u2028b", r"a\u2028b"),
        (b"caf\xe9.png".decode("utf-8", "surrogateescape"), r"caf\xe9.png"),
        ("\ud800", r"\ud800"),
    ],
)
def test_unsafe_characters_are_written_out(text: str, shown: str) -> None:
    assert legible(text) == shown


def test_json_keeps_every_value() -> None:
    value = {"name": EVIL, "rest": ["a\nb", "山田", "\x7f"]}
    document = legible_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(document) == value
    assert not UNSAFE.search(document)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+cmd", "'+1+cmd"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'=1"),
        ("-1.5", "-1.5"),
        ("+3e10", "+3e10"),
        (-5, "-5"),
        ("a\tb\nc", "a b c"),
        ("1.2.840", "1.2.840"),
    ],
)
def test_a_cell_is_no_formula(value: object, cell: str) -> None:
    """OWASP: CSV injection. Numbers are not changed."""
    assert plain_cell(value) == cell


@pytest.fixture
def evil_file(tmp_path: Path) -> Path:
    """A film whose patient and file have names that command a terminal."""
    dataset = pydicom.dcmread(io.BytesIO(small_film("evil")))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = f"@{EVIL}^Name"
    dataset.StudyDescription = EVIL
    dataset.Modality = "CR"
    folder = tmp_path / "films"
    folder.mkdir()
    path = folder / f"film{EVIL}.dcm"
    dataset.save_as(path)
    return path


class Terminal:
    """Runs commands on a terminal and looks at what they wrote to it."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def __call__(self, *arguments: object, local: bool = False) -> OnTerminal:
        """Run `python -m scripts` with these arguments; nothing unsafe may come out."""
        command = [sys.executable, "-m", "scripts", *map(str, arguments)]
        if not local:
            command += ["--outputs", str(self._live.path)]
        ended = run_on_terminal(command, self._live.variables)
        assert not UNSAFE.findall(STYLE.sub("", ended.shown.replace("\r\n", "\n").replace("\r", ""))), arguments
        assert "Traceback" not in ended.shown
        return ended


def test_no_command_lets_outside_text_command_a_terminal(start_live: StartLive, evil_file: Path, run: Run) -> None:
    live = start_live()
    terminal = Terminal(live)
    assert r"\x1b]0;owned" in terminal("tags", "--file", evil_file, "--values", local=True).shown
    terminal("tags", EVIL, local=True)
    assert terminal("load", evil_file.parent, "--import").code == 0
    (evil_file.parent / f"no film{EVIL}.dcm").write_bytes(b"nothing")
    assert r"no film\x1b]0;owned" in terminal("load", evil_file.parent).shown
    assert r"no film\x1b]0;owned" in terminal("store", evil_file.parent).shown
    assert r"\x1b]0;owned" in terminal("search", "studies").shown
    assert r"\x1b]0;owned" in terminal("query", "SELECT '\\x1b]0;owned\\x07' AS `evil`, '\\u202e' AS b").shown
    terminal("query", f"SELECT * FROM `{EVIL}`")
    terminal("search", "studies", f"PatientName={EVIL}")
    terminal("store", evil_file.with_name(f"missing{EVIL}"))
    terminal("delete", EVIL, "--yes")
    terminal("retrieve", EVIL, evil_file.parent.parent / "out")
    terminal("operations", "get", EVIL)
    terminal("operations", "list")
    terminal("verify", evil_file.parent)
    terminal("status")
    shown = run("search", "studies", "--outputs", live.path)
    assert "'@" in shown.out
    assert not UNSAFE.findall(shown.out)
    exact = json.loads(run("search", "studies", "--json", "--outputs", live.path).out)
    assert exact[0]["00100010"]["Value"][0]["Alphabetic"] == f"@{EVIL}^Name"

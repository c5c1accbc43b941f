"""Programs that set-up runs: their failures are short, and none outlives it."""

from pathlib import Path

import pytest

from engine.console import duration, step
from engine.run import CommandFailed, failure_line, run


def test_output_is_given_back_and_kept(tmp_path: Path) -> None:
    seen: list[str] = []
    log = tmp_path / "log" / "a.log"
    assert run(["sh", "-c", "echo one; echo two >&2"], log, on_line=seen.append) == "one\ntwo"
    assert seen == ["one", "two"]
    assert log.read_text() == "one\ntwo\n"


def test_failure_names_the_reason(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as failed:
        run(["sh", "-c", "echo start; echo 'ERROR: no such package'; echo bye; exit 3"], tmp_path / "a.log")
    assert failed.value.reason == "ERROR: no such package"
    assert failed.value.log == tmp_path / "a.log"


def test_missing_program(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="No such file or directory"):
        run([tmp_path / "nothing"], tmp_path / "a.log")


def test_silent_failure(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="exit code 4"):
        run(["sh", "-c", "exit 4"], tmp_path / "a.log")


def test_children_end_at_the_time_limit(tmp_path: Path) -> None:
    """Those of a child, too: `run` waits for all that could still print."""
    late = tmp_path / "late"
    with pytest.raises(CommandFailed):
        run(["sh", "-c", f"(sleep 60; touch {late}) & sleep 60"], tmp_path / "a.log", timeout=0.1)
    assert not late.exists()


def test_failure_line() -> None:
    assert failure_line([]) == ""
    assert failure_line(["building", "go: module lookup disabled", "see help"]) == "go: module lookup disabled"
    assert failure_line(["building", "it broke", ""]) == "it broke"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (245.0, "4 min 5 s")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_step_tells_its_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    with step("Engine") as current:
        current.progress("half")
        current.result("built")
    assert capsys.readouterr().err == "  Engine: built, 0.0 s\n"


def test_step_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="x"), step("Engine"):
        raise ValueError("x")
    assert capsys.readouterr().err == "  Engine: stopped, 0.0 s\n"

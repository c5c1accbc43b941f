"""What the browser tests need is said in a sentence where it is missing."""

from pathlib import Path

import pytest

from scripts import viewer
from tests.browser import axe, prepare


def test_without_chromium_and_apt_the_sentence_names_the_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not prepare.install_chromium()
    monkeypatch.setattr(viewer, "is_there", lambda: True)
    monkeypatch.setattr(axe, "is_there", lambda: True)
    assert prepare.main() == 0
    assert "apt-get install chromium chromium-driver" in capsys.readouterr().err


def test_without_the_viewer_the_sentence_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("chromium", "chromedriver"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(viewer, "is_there", lambda: False)
    assert prepare.main() == 0
    shown = capsys.readouterr().err
    assert "npm is not installed" in shown
    assert "tests.browser.prepare" in shown

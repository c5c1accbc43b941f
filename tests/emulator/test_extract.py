"""The discovery documents that are kept are those of the google-api-python-client that is installed."""

import pytest

from emulator import extract
from emulator.gateway import discovery


def test_what_is_kept_is_what_google_s_client_has() -> None:
    folder = extract.installed()
    assert folder is not None
    wanted = dict(extract.extract(folder))
    kept = {path.name for path in discovery.GOOGLES.glob("*.gz")}
    assert kept == set(wanted), "run python -m emulator.extract"
    for file, content in wanted.items():
        assert discovery.unpacked(file) == content, "run python -m emulator.extract"


def test_the_notice_names_the_version() -> None:
    assert (discovery.GOOGLES / "NOTICE").read_text() == extract.notice()


def test_the_package_is_needed_to_extract(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(extract, "installed", lambda: None)
    assert extract.main() == 1
    assert capsys.readouterr().err == "google-api-python-client is not installed; run scripts/setup.\n"


def test_every_document_is_either_google_s_or_our_own() -> None:
    for name in extract.emulated():
        assert discovery.load(name).methods

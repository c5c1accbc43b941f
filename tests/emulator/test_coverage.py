"""docs/coverage.md says what the registry of handlers says."""

from emulator import coverage


def test_the_page_is_up_to_date() -> None:
    assert coverage.DOCUMENT.read_text() == coverage.table(), "run: python -m emulator.coverage"

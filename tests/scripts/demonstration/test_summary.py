"""The last page of a demonstration."""

from pathlib import Path

from engine.layout import Layout
from scripts.demonstration.places import Places
from scripts.demonstration.summary import summary
from tests.scripts.outputs import outputs_for

COUNTS = ("loaded", "studies", "resources", "exported", "rows", "imported", "refused")


def test_it_leads_to_the_console_by_its_link_and_says_how_to_get_another(tmp_path: Path) -> None:
    places = Places(Layout(), folder=tmp_path)
    places.results.mkdir()
    places.outputs.write_text(outputs_for("http://127.0.0.1:9470").to_json())
    facts = {**dict.fromkeys(COUNTS, 1), "modalities": {"CR": 1}, "retrieved": []}
    facts |= {"cohort": {"images": 1}, "deidentified": {"films": 1, "values": 2}}
    page = summary(places, facts, "http://127.0.0.1:9470/_emulator/console?code=once")
    assert "  http://127.0.0.1:9470/_emulator/console?code=once\n" in page
    assert f"python -m emulator console --state {tmp_path / 'emulator'}" in page

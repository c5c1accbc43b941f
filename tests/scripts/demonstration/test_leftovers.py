"""After a destroy the demonstration says what is left in the emulator."""

from collections.abc import Callable
from typing import Any

from scripts.demonstration.leftovers import leftovers
from tests.conftest import StartEmulator


def test_nothing_then_what_a_person_made(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    place = (emulator.base_url, emulator.project, emulator.owner_token)
    assert leftovers(*place) == []
    project = f"/v1/projects/{emulator.project}"
    calls: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", f"/storage/v1/b?project={emulator.project}", {"name": "somebodys-bucket", "location": "US"}),
        ("PUT", f"{project}/topics/one", {}),
        ("PUT", f"{project}/topics/two", {}),
        ("POST", f"{project}/locations/us-central1/datasets?datasetId=d", {}),
    ]
    assert [emulator.request(*call)[0] for call in calls] == [200] * 4
    assert leftovers(*place) == ["1 buckets", "2 topics", "1 healthcare datasets"]


def test_unique_names(unique: Callable[[str], str]) -> None:
    assert unique("a") != unique("a")

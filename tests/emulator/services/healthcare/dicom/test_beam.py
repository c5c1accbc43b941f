"""Apache Beam's dicomio on the emulator: search, store, and from a notification to a search."""

from operator import itemgetter
from typing import Any

import pytest

from tests.emulator.services.healthcare.conftest import LOCATION, Store
from tests.emulator.services.healthcare.instances import made
from tests.support.emulator import RunningEmulator

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


FOUND: list[Any] = []


def keep(found: list[Any]) -> None:
    """Keep what a pipeline gave: Beam pickles a function of a module by its name, so this list is the test's own."""
    FOUND[:] = found


@pytest.fixture
def dicomio(beam: Any) -> Any:
    """The module under test, which has no types."""
    return beam.io.gcp.healthcare.dicomio


@pytest.fixture
def beam(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """apache_beam, whose DICOM client talks to the emulator."""
    import apache_beam
    import apache_beam.io.gcp.healthcare.dicomio
    from apache_beam.io.gcp.healthcare.dicomclient import DicomApiHttpClient

    monkeypatch.setattr(DicomApiHttpClient, "healthcare_base_url", f"{emulator.base_url}/v1")
    return apache_beam


def run(beam: Any, elements: list[Any], *steps: Any) -> list[Any]:
    """Run a pipeline in this process; give what comes out of it."""
    from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
    from apache_beam.testing import util

    check: Any = util.assert_that
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        collection = pipeline | beam.Create(elements)
        for step in steps:
            collection = collection | step
        check(collection, keep)
    return list(FOUND)


def address(store: Store) -> dict[str, str]:
    parts = store.name.split("/")
    return {"project_id": parts[1], "region": LOCATION, "dataset_id": parts[5], "dicom_store_id": parts[7]}


def test_store_then_search_by_what_a_notification_says(
    beam: Any, dicomio: Any, store: Store, owner_credentials: Any
) -> None:
    films = [made(uid=f"1.2.1.1.{number}") for number in range(1, 4)]
    stored = run(beam, films, dicomio.UploadToDicomStore(address(store), "bytes", credential=owner_credentials))
    assert [one["success"] for one in stored] == [True] * 3, stored
    notice = f"{store.name}/dicomWeb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2"
    steps = (
        dicomio.FormatToQido(owner_credentials),
        beam.Map(itemgetter("result")),
        dicomio.DicomSearch(credential=owner_credentials),
    )
    (found,) = run(beam, [notice], *steps)
    assert (found["success"], found["status"]) == (True, 200), found
    assert [row["00080018"]["Value"] for row in found["result"]] == [["1.2.1.1.2"]]


def test_search_pages_through_a_full_page(beam: Any, dicomio: Any, store: Store, owner_credentials: Any) -> None:
    """Beam asks for the page after a full one, and for the last result again when that is empty."""
    for number in range(4):
        assert store.post(made(study=f"1.2.{number}", series=f"1.2.{number}.1", uid=f"1.2.{number}.1.1")).ok
    request = {**address(store), "search_type": "studies", "params": {"limit": 2}}
    (found,) = run(beam, [request], dicomio.DicomSearch(credential=owner_credentials))
    assert (found["success"], len(found["result"])) == (True, 4), found
    (none,) = run(
        beam,
        [{**address(store), "search_type": "studies", "params": {"PatientID": "X"}}],
        dicomio.DicomSearch(credential=owner_credentials),
    )
    assert none["result"] == []


def test_a_film_that_is_refused_is_reported(beam: Any, dicomio: Any, store: Store, owner_credentials: Any) -> None:
    (refused,) = run(
        beam, [b"not DICOM"], dicomio.UploadToDicomStore(address(store), "bytes", credential=owner_credentials)
    )
    assert (refused["success"], refused["status"]) == (False, 409)

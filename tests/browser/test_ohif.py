"""OHIF lists, opens and paints what the emulator's DICOM store holds, and its pixels are those of the files."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import Store, requested
from tests.browser.page import Page, Painted
from tests.browser.studies import Study, headers_only, likeness

SIZES = {"film": (1760, 1760), "jpeg2000": (1760, 1760), "palette": (350, 800), "stack": (128, 128)}
ALIKE = 0.95


def shows(study: Study, number: int = 0) -> Callable[[Painted], bool]:
    """Tell whether a viewport shows that picture of a study, rather than any other of it."""

    def fits(painted: Painted) -> bool:
        alike = [likeness(painted.squares, picture) for picture in study.pictures]
        return painted.shades > 32 and alike[number] > ALIKE and max(alike) == alike[number]

    return fits


def test_the_list_shows_the_studies_and_opens_one(page: Page, store: Store) -> None:
    page.show_list()
    for name, modality in (("film", "CR"), ("jpeg2000", "CR"), ("palette", "US"), ("stack", "CT")):
        patient = store.studies[name].patient.replace("^", ", ")
        assert modality in page.row(patient).text
    film = store.studies["film"]
    page.row(film.patient.replace("^", ", ")).click()
    page.button("Basic Viewer").click()
    page.wait(lambda: f"StudyInstanceUIDs={film.uid}" in page.driver.current_url, "the study's address")
    page.painted(*SIZES["film"], fits=shows(film))


@pytest.mark.parametrize(
    ("name", "syntax"), [("jpeg2000", "1.2.840.10008.1.2.4.90"), ("palette", "1.2.840.10008.1.2.1")]
)
def test_a_study_is_painted_as_its_file_is(page: Page, store: Store, name: str, syntax: str) -> None:
    study = store.studies[name]
    assert study.syntax == syntax
    page.show_study(study.uid)
    painted = page.painted(*SIZES[name], fits=shows(study))
    assert (painted.coloured > 1000) == (name == "palette")


def test_a_stack_is_painted_slice_by_slice(page: Page, store: Store) -> None:
    study = store.studies["stack"]
    page.show_study(study.uid)
    page.painted(*SIZES["stack"], fits=shows(study, 0))
    for number in (1, 2):
        page.next_image()
        page.painted(*SIZES["stack"], fits=shows(study, number))


def test_nothing_asked_for_anything_beyond_the_emulator(page: Page, store: Store) -> None:
    addresses = [address for address in requested(page.driver) if not address.startswith(("blob:", "data:", "chrome"))]
    assert any("/frames/1" in address for address in addresses)
    own = urlsplit(store.emulator.base_url).netloc
    assert {urlsplit(address).netloc for address in addresses} == {own}


def test_the_browser_is_out_when_the_session_ends(page: Page, store: Store) -> None:
    assert store.emulator.request("DELETE", "/_emulator/viewer")[1]["ended"] >= 1
    page.show_list()
    assert "python -m scripts view" in page.text()
    page.enter(store.link())
    page.row(store.studies["film"].patient.replace("^", ", "))


def test_the_list_pages_through_more_studies_than_ohif_asks_for_by_itself(page: Page, store: Store) -> None:
    """OHIF's own limit is 101, whatever the store holds."""
    rows = headers_only(120)
    for file in rows:
        store.add(file)
    total = len(rows) + len(store.studies)
    page.driver.get(f"{store.emulator.base_url}/?pageNumber=3")
    page.wait(lambda: f"of {total}" in page.text(), f"a list of {total} studies")
    page.row("Row0")

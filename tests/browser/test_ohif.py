"""OHIF lists, opens and paints what the emulator's DICOM store holds, and its pixels are those of the files."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.web.pages import STUDIES
from tests.browser.conftest import Store, requested
from tests.browser.page import Page, Painted
from tests.browser.studies import Study, headers_only, likeness
from tests.emulator.console.filling import MANY

SIZES = {"film": (1760, 1760), "jpeg2000": (1760, 1760), "palette": (350, 800), "stack": (128, 128)}
ALIKE = 0.95
# Has OHIF's configuration ask for fewer studies at a time than there are.
_LIMIT = """Object.defineProperty(window, "config", {
  get: () => window.configured,
  set: config => { config.dataSources[0].configuration.queryLimit = %d; window.configured = config; },
});
"""


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


def test_the_list_pages_through_more_studies_than_a_search_gives(page: Page, store: Store) -> None:
    """OHIF itself asks once, and a search gives 5,000 at most. CONSOLE_STUDIES=6000 has more of them."""
    rows = headers_only(MANY)
    store.add(rows)
    total, limit = len(rows) + len(store.studies), min(STUDIES, MANY - 70)
    requested(page.driver)  # what was asked for before counts no more
    with page.before_scripts(_LIMIT % limit):
        page.driver.get(f"{store.emulator.base_url}/?pageNumber=3")
        page.wait(lambda: f"of {total}" in page.text(), f"a list of {total} studies")
    page.row("Row0")
    asked = [address for address in requested(page.driver) if f"limit={limit}&" in address]
    assert [parse_qs(urlsplit(address).query)["offset"] for address in asked] == [
        [str(offset)] for offset in range(0, total, limit)
    ]

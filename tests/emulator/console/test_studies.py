"""The pages of DICOM stores: with no study, one, and many."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.web.files import Files
from emulator.web.viewer import viewer
from tests.emulator.console import filling
from tests.emulator.console.conftest import Browser, Site

SHOWN = 50


@pytest.fixture(scope="module")
def many(site: Site) -> str:
    return filling.dicom_store(site, "many", filling.studies(filling.MANY))


def test_an_empty_store_says_so(site: Site, owner: Browser) -> None:
    page = owner.read("studies", store=filling.dicom_store(site, "empty", []))
    assert "No study fits." in page


def test_one_study_is_shown_with_what_is_known_of_it(site: Site, owner: Browser) -> None:
    uid, file = filling.film("Noether^Emmy")
    store = filling.dicom_store(site, "one", [file])
    page = owner.read("studies", store=store)
    assert "1 study, 1 instance" in page
    assert "Noether, Emmy" in page
    assert "2004-01-19" in page
    study = owner.read("study", store=store, study=uid)
    assert uid in study
    assert "CT, 1 instance" in study
    picture = owner.get("thumbnail", store=store, study=uid)
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content[:2] == b"\xff\xd8"
    assert picture.headers["cache-control"] == "no-store"


def test_all_studies_are_reached_page_by_page(owner: Browser, many: str) -> None:
    seen: set[str] = set()
    for offset in range(0, filling.MANY, SHOWN):
        page = owner.get("studies", store=many, offset=str(offset))
        last = offset + SHOWN >= filling.MANY
        assert (">Next<" in page.text) == (not last)
        seen.update(word for word in page.text.replace(">", "<").split("<") if word.startswith("Row"))
    assert len(seen) == filling.MANY


def test_a_search_finds_patients_by_beginnings_of_names(owner: Browser, many: str) -> None:
    page = owner.read("studies", store=many, PatientName="row007")
    assert "Row007" in page
    assert "Row008" not in page
    refused = owner.get("studies", store=many, StudyDate="yesterday")
    assert refused.status_code == 400
    assert "StudyDate must be" in refused.text


def test_a_study_without_pixels_has_a_sign_for_a_picture(owner: Browser, many: str) -> None:
    uid = owner.get("studies", store=many).text.partition("study=")[2].partition('"')[0].partition("&")[0]
    picture = owner.get("thumbnail", store=many, study=uid)
    assert picture.headers["content-type"] == "image/svg+xml"


def test_a_study_opens_in_ohif_with_one_click(site: Site, owner: Browser, many: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html>the viewer</html>")
    (tmp_path / "app.js").write_text("1;")
    viewer(site.emulator)._files = Files(tmp_path)
    sent = owner.post("view", store=many, study="1.2.3")
    assert sent.status_code == 303
    followed = site.send("GET", sent.headers["location"])
    assert followed.headers["set-cookie"].startswith("emulator-viewer-")
    assert "/viewer?StudyInstanceUIDs=1.2.3" in followed.text


def test_without_ohif_the_page_says_how_to_get_it(site: Site, owner: Browser, many: str, tmp_path: Path) -> None:
    viewer(site.emulator)._files = Files(tmp_path)
    refused = owner.post("view", store=many)
    assert refused.status_code == 400
    assert "python -m scripts view" in refused.text


def test_who_may_read_a_store_alone_sees_it_and_nothing_else(
    site: Site, many: str, unique: Callable[[str], str]
) -> None:
    email = site.account(unique("reader"))
    site.grant(many, "roles/healthcare.dicomViewer", email)
    reader = site.enter(email)
    assert "Row000" in reader.read("studies", store=many)
    other = reader.get("studies", store=filling.dicom_store(site, unique("other"), []))
    assert other.status_code == 403
    assert "gcloud healthcare dicom-stores add-iam-policy-binding" in other.text

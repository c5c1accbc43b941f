"""Operations and jobs: how far they are, how they end, and how they are cancelled."""

from tests.emulator.console.conftest import DATASET, PROJECT, Browser, Site


def test_an_operation_goes_on_until_it_is_cancelled(site: Site, owner: Browser) -> None:
    owner.post("operations-mode", mode="manual")
    source = {"gcsSource": {"uri": "gs://nothing/*.dcm"}}
    name = site.made(f"/v1/{DATASET}/dicomStores/images:import", source)["name"]
    page = owner.read("operations")
    assert "1 going on." in page
    assert "ImportDicomData" in page
    sent = owner.post("cancel", operation=name)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/_emulator/console/operations?project={PROJECT}")
    assert owner.read_with("The operation was cancelled.", "operations")
    owner.post("operations-mode", mode="immediate")


def test_progress_is_a_bar_with_numbers_for_who_does_not_see_it() -> None:
    from emulator.console.html import join
    from emulator.console.pages.operations import progress

    shown = join(progress({"success": "2", "failure": "1", "pending": "5"}))
    assert 'max="8" value="3"' in shown
    assert "2 done, 1 failed, 5 to come" in shown
    assert progress({}) is None


def test_jobs_are_listed_with_how_they_ended(site: Site, owner: Browser) -> None:
    for text in ("SELECT 1", "SELECT nonsense"):
        site.api("POST", f"/bigquery/v2/projects/{PROJECT}/queries", {"query": text, "useLegacySql": False})
    page = owner.read("operations")
    assert "SELECT 1" in page
    assert "Unrecognized name: nonsense" in page

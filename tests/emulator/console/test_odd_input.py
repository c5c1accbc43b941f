"""Whatever an address or a form holds, the answer is a page with a sentence, never a failure of the emulator."""

import pytest

import emulator.console.pages  # noqa: F401  which registers them
from emulator.console.site import _PAGES
from tests.emulator.console.conftest import DATASET, Browser

ODD = (
    "",
    "x",
    "../../etc",
    "projects/p/locations/l/datasets/d/dicomStores/s",
    "projects/unit-project",
    "%2e%2e%2f\x00\r\nset-cookie: a=b",
    "<script>alert(1)</script>",
    "9" * 40,
    "-1",
    "\ud7ff\U0010ffff",
    "a" * 1_500,
    f"{DATASET}/dicomStores/images",
    f"{DATASET}/dicomStores/images:export",
    "gs://",
)
NAMES = (
    *("store", "study", "series", "type", "id", "version", "name", "bucket", "prefix", "topic", "table", "job"),
    *("location", "project", "page", "offset", "query", "filter", "principal", "denied", "method", "status", "code"),
    *("call", "count", "delay", "message", "profile", "seed", "mode", "operation", "StudyDate", "PatientName"),
)
UNDONE = {"leave"}
"""It would end the session of the pages that follow."""


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_odd_values_are_answered_by_pages(owner: Browser, value: str) -> None:
    for http, page in _PAGES:
        if page in UNDONE:
            continue
        values = dict.fromkeys(NAMES, value)
        answer = owner.get(page, **values) if http == "GET" else owner.post(page, **values)
        assert answer.status_code < 500, (http, page, answer.text)
        assert "<script>alert" not in answer.text, page
        assert "set-cookie" not in answer.headers, page
        if answer.status_code == 303:
            continue
        assert answer.headers["content-type"].startswith(("text/html", "image/")), page


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_odd_values_in_a_store_that_is_there(owner: Browser, value: str) -> None:
    store = f"{DATASET}/dicomStores/images"
    for page in ("studies", "study", "thumbnail"):
        values = {**dict.fromkeys(("study", "series", "offset", "StudyDate", "PatientID"), value), "store": store}
        assert owner.get(page, **values).status_code < 500, page

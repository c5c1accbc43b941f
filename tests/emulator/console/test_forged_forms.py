"""Forms that pages of others send to the console: each page that takes one refuses them."""

import importlib

import pytest

from emulator.console import site
from tests.emulator.console.conftest import BASE, Browser

importlib.import_module("emulator.console.pages")  # which registers what there is
FORMS = sorted(path for http, path in site._PAGES if http == "POST")
"""All addresses that take a form."""
OTHERS: tuple[dict[str, str], ...] = (
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"sec-fetch-site": "none"},
    {},
)
"""What a browser says of a form on a page of another site, of another port, of nobody's, and an old browser says."""


def test_every_form_is_tried() -> None:
    assert len(FORMS) > 10


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_another_page_is_refused(owner: Browser, path: str) -> None:
    for headers in OTHERS:
        sent = {"cookie": owner.headers["cookie"], **headers}
        answer = owner.site.send("POST", BASE + path, headers=sent, data={"name": "x", "query": "SELECT 1"})
        assert answer.status_code in (401, 403)
    assert owner.get("").status_code == 200

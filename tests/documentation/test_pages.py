"""The pages that are made of the code are as the code is."""

import pytest

from documentation.pages import PAGES
from engine.layout import ROOT


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_as_the_code_is(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run `python -m documentation`"

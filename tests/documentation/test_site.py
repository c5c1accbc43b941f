"""The site is built without a broken link or a page that nothing leads to, and asks nobody for anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.layout import ROOT
from tests.support.patience import PATIENCE

_ASKED_FOR = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=\"((?:https?:)?//[^\"]*)\"")
"""What a page makes a browser fetch from elsewhere."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "documentation", "site", "--to", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert len(pages) > 40
    assert [page for page in sorted(pages) if not (site / page).exists()] == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert [(page.name, found) for page in pages for found in _ASKED_FOR.findall(page.read_text())] == []


def test_a_search_finds_by_words(site: Path) -> None:
    assert "deidentif" in (site / "searchindex.js").read_text()

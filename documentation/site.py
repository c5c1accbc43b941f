"""The site: README, docs/ and what they link to, by Sphinx, without anything from elsewhere."""

from __future__ import annotations

from pathlib import Path

from sphinx.cmd.build import build_main

from engine.layout import ROOT

FOLDER = ROOT / ".tmp" / "site"
_SETTINGS = Path(__file__).parent
"""Where conf.py is."""


def build(folder: Path) -> int:
    """Build the site in a folder; gives 0, or another exit code for a broken link or a page that nothing leads to."""
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--fresh-env", "--builder", "html"]
    return build_main([*options, "--conf-dir", str(_SETTINGS), str(ROOT), str(folder)])

"""Sphinx's settings. The pages are those that a repository's reader sees; what leads to them is added here."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from emulator.version import VERSION

_ROOT = Path(__file__).parents[1]
_WITH_PAGES = ("airflow_provider", "benchmarks", "docs", "examples")
project = "Healthcare Cloud POC"
version = release = VERSION
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/**.md"),
    *("examples/*/README.md", "airflow_provider/README.md", "benchmarks/README.md"),
]
# Sphinx walks through all that is not excluded, links to tools and packages too, twice a build.
exclude_patterns = sorted(path.name for path in _ROOT.iterdir() if path.is_dir() and path.name not in _WITH_PAGES)
html_theme = "furo"
html_title = project
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {"source_view_link": "", "source_edit_link": ""}
html_copy_source = False
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["myst.strikethrough"]

_PARTS = {
    "How-tos": "docs/how-to/*.md",
    "Reference": "docs/*.md",
    "Examples": "examples/*/README.md",
    "The project": "*.md",
}
_ELSEWHERE = {"The project": ("benchmarks/README", "airflow_provider/README")}


def _with_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Add to the first page what a site needs on it and a repository does not: the list of all pages."""
    if page != root_doc:
        return
    for title, pattern in _PARTS.items():
        names = sorted(str(path.relative_to(_ROOT).with_suffix("")) for path in _ROOT.glob(pattern))
        listed = [name for name in (*names, *_ELSEWHERE.get(title, ())) if name != root_doc]
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n:maxdepth: 1\n\n" + "\n".join(listed) + "\n```\n"


def setup(app: Sphinx) -> None:
    """Sphinx's hook."""
    app.connect("source-read", _with_contents)

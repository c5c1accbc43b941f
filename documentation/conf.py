"""Sphinx's settings. The pages are those that a repository's reader sees; what leads to them is added here."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from emulator.version import VERSION

project = "Healthcare Cloud POC"
version = release = VERSION
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/**.md"),
    *("examples/*/README.md", "airflow_provider/README.md", "benchmarks/README.md"),
]
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
    root = Path(__file__).parents[1]
    for title, pattern in _PARTS.items():
        names = sorted(str(path.relative_to(root).with_suffix("")) for path in root.glob(pattern))
        listed = [name for name in (*names, *_ELSEWHERE.get(title, ())) if name != root_doc]
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n:maxdepth: 1\n\n" + "\n".join(listed) + "\n```\n"


def setup(app: Sphinx) -> None:
    """Sphinx's hook."""
    app.connect("source-read", _with_contents)

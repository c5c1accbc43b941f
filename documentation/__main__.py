"""`python -m documentation` writes the pages that are made of the code; with `site` it builds the site."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from documentation import pages, site


def main() -> int:
    """Do what the command line says; gives the exit code."""
    top = argparse.ArgumentParser(prog="python -m documentation", description=__doc__)
    top.add_argument("what", nargs="?", choices=("pages", "site"), default="pages")
    top.add_argument("--to", type=Path, default=site.FOLDER, help="folder of the site (default %(default)s)")
    given = top.parse_args()
    if given.what == "site":
        return site.build(given.to)
    pages.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())

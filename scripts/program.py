"""The program `healthcare-cloud`, as pip installs it: the commands, or what to install for them."""

from __future__ import annotations

import sys

from scripts.errors import explain, report


def main() -> None:
    """Run the commands; where only the emulator's packages are installed, say what brings theirs."""
    try:
        from scripts.__main__ import main as run
    except ModuleNotFoundError as missing:
        explained = explain(missing)
        report(explained)
        sys.exit(explained.exit_code)
    run()

"""The console's pages: a file for what each shows."""

from emulator.console.pages import leaving, overview

__all__ = ["leaving", "overview"]

"""The console: pages for browsers that show what a principal may see of the emulator."""

from emulator.console.service import SERVICE

__all__ = ["SERVICE"]

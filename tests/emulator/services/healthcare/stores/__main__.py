"""An emulator that has annotation stores, too: python -m tests.emulator.services.healthcare.stores start ..."""

import sys
from pathlib import Path

from emulator.__main__ import main
from emulator.gateway import discovery
from emulator.services.healthcare import SERVICE
from tests.emulator.services.healthcare.stores import annotations

__all__ = ["annotations"]

discovery.FRAGMENTS.append(Path(__file__).parent)
SERVICE.documents += ("healthcare-annotations.v1",)
sys.exit(main())

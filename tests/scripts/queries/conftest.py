"""Fixtures of the queries' tests: the shared emulator with a BigQuery dataset of one's own, as for the labels."""

from __future__ import annotations

from tests.scripts.chestxrays.conftest import stack, target

__all__ = ["stack", "target"]

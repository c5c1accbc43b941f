"""What other services ask of Cloud Logging, in process: entries as they are stored, and what metrics counted."""

from typing import Any

from emulator.services.logging import histograms
from emulator.services.logging.counting import METRICS, MINUTE, PREFIX, Point, descriptor, points, type_of
from emulator.services.logging.extractors import compile_all
from emulator.services.logging.filters import compile_filter
from emulator.services.logging.observing import Stored, observes

__all__ = [
    "METRICS",
    "MINUTE",
    "PREFIX",
    "Point",
    "Stored",
    "compile_all",
    "compile_filter",
    "descriptor",
    "distribution",
    "observes",
    "points",
    "type_of",
]


def distribution(point: Point, metric: dict[str, Any]) -> dict[str, Any]:
    """The Distribution of a point of a metric, whose body says into which buckets its values fall."""
    return histograms.shown(point.count, point.measured, metric.get("bucketOptions") or histograms.DEFAULT)

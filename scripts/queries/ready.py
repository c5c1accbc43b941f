"""Ready queries: the files in sql/, each with one comment line that says what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.errors import UsageError

OF_LABELS = ("findings", "findings-by-view", "views", "follow-up", "boxes", "splits", "mismatch")
"""About the labels of the chest X-rays."""
OF_IMAGES = ("studies", "storage", "followed-up", "arrivals", "order-to-image")
"""About all instances of the DICOM store, by their metadata."""
NAMES = (*OF_IMAGES, *OF_LABELS)
_FOLDER = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class ReadyQuery:
    """A query with a name. sql is GoogleSQL that names tables of the stack's dataset without a prefix."""

    name: str
    shows: str
    sql: str


def ready_query(name: str) -> ReadyQuery:
    """The query of that name. Raises UsageError where there is none."""
    if name not in NAMES:
        raise UsageError(f"There is no ready query {name!r}; there are {', '.join(NAMES)}.")
    sql = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return ReadyQuery(name, sql.partition("\n")[0].removeprefix("-- "), sql)


def ready_queries() -> list[ReadyQuery]:
    """All ready queries, in the order in which one meets them."""
    return [ready_query(name) for name in NAMES]

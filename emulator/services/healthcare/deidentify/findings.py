"""What a run found, as counts that tell of nobody: kept with its checkpoint, and told in one log entry of the store."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any

from emulator.context import Job
from emulator.deidentify.text.findings import FindingKind, Origin
from emulator.services.healthcare import agent

LOG_ENTRY = "DeidentifyLogEntry"
"""The type of what a de-identification logs."""
_LIKELIHOODS = ((0.9, "VERY_LIKELY"), (0.8, "LIKELY"), (0.6, "POSSIBLE"))
"""The least score of each likelihood of Sensitive Data Protection; what is below is UNLIKELY."""


def add(job: Job, source: str, found: Iterable[Counter[FindingKind]]) -> None:
    """Add to what was found in a store, in the checkpoint; saving it is up to the caller."""
    total = Counter({FindingKind(Origin(origin), *rest): count for *(origin, *rest), count in _kept(job, source)})
    for each in found:
        total.update(each)
    job.checkpoint[_key(source)] = [[*kind, count] for kind, count in sorted(total.items())]


def report(tx: sqlite3.Connection, job: Job, source: str) -> None:
    """Log what was found in a store, once; nothing where nothing was."""
    if kept := _kept(job, source):
        payload = {"findings": [row(*each) for each in kept]}
        entry = agent.note(source, LOG_ENTRY, payload, operation=job.operation.name)
        job.context.logs.write_in(tx, entry)
        del job.checkpoint[_key(source)]
        job.save_in(tx)


def _key(source: str) -> str:
    """Under which name a checkpoint has what was found in a store."""
    return f"{source}#findings"


def _kept(job: Job, source: str) -> list[list[Any]]:
    """What was found so far: origin, infoType, score and number of each kind."""
    kept: list[list[Any]] = job.checkpoint.get(_key(source), [])
    return kept


def row(origin: str, info_type: str, score: float, count: int) -> dict[str, Any]:
    """What a report says of a kind of finding; of text of no infoType its number only."""
    if not info_type:
        return {"origin": origin, "count": str(count)}
    likelihood = next((name for least, name in _LIKELIHOODS if score >= least), "UNLIKELY")
    return {
        "origin": origin,
        "infoType": info_type,
        "score": round(score, 2),
        "likelihood": likelihood,
        "count": str(count),
    }

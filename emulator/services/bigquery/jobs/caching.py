"""The query cache: the result of a SELECT that was asked before, of tables that have stayed as they were.

It is in memory, and ends with the emulator. https://cloud.google.com/bigquery/docs/cached-results
"""

from __future__ import annotations

import hashlib
import pickle
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.row_access import policies_of
from emulator.services.bigquery.sql.catalog import Snapshot
from emulator.services.bigquery.sql.recent import Recent

if TYPE_CHECKING:
    from emulator.context import Context

KEPT = 1000
CACHE = "bigquery.cache"
VARYING = re.compile(  # what gives something else each time, or may
    r"@@|\b(?:CURRENT_\w+|SESSION_USER|RAND|GENERATE_UUID|TABLESAMPLE|SYSTEM_TIME|INFORMATION_SCHEMA|__TABLES__)\b",
    re.IGNORECASE,
)


def key(query: Query, found: Snapshot) -> bytes:
    """A digest of all that a result follows from; nothing where it is not to be kept.

    Not kept are results in sessions and scripts, with a key of one's own, of wildcards, of tables with row access
    policies, and of functions that give something else each time.
    """
    configuration = query.job.configuration
    parts_of_scripts = query.session is not None or query.job.statistics.get("parentJobId")
    if parts_of_scripts or configuration.get("destinationEncryptionConfiguration") or not _lasts(query, found):
        return b""
    script = replace(query.script, defaults=replace(query.script.defaults, temporary=""))
    said = [script.text, str(script.defaults), script.parameters, query.principal, query.job.location]
    return hashlib.sha256(orjson.dumps(said) + pickle.dumps(found) + str(_versions(query, found)).encode()).digest()


def _lasts(query: Query, found: Snapshot) -> bool:
    if found.listings or found.jobs or found.rows or query.script.tables:
        return False
    infos = found.tables.values()
    if any(info.name.dataset.startswith("_") or policies_of(query.context, info.name) for info in infos):
        return False
    texts = [query.script.text, *(info.view for info in infos), *(each.body for each in found.routines.values())]
    return not any(map(VARYING.search, texts))


def _versions(query: Query, found: Snapshot) -> list[int]:
    house = warehouse.of(query.context)
    return [house.version(found.tables[name].storage) for name in sorted(found.tables)]


def find(query: Query, known_as: bytes) -> Result | None:
    """The result that is kept under a key, if there is one and the job does not forbid its use.

    Raises 404 where the job takes no other, by createDisposition (BigQuery: "Ensuring use of the cache").
    """
    configuration, context = query.job.configuration, query.context
    kept = _cache(context).get(known_as) if known_as and configuration.get("useQueryCache") is not False else None
    result = results.find(context, kept.name) if kept is not None else None
    if result is None and configuration.get("createDisposition") == "CREATE_NEVER" and query.session is None:
        raise errors.error("notFound", "Not found: a cached result of the query, which createDisposition asks for.")
    return result


def keep(query: Query, known_as: bytes, found: Snapshot, result: Result) -> None:
    """Keep a result under its key, unless a table that it was read from has changed meanwhile."""
    if known_as and key(query, found) == known_as:
        _cache(query.context).put(known_as, result)


def _cache(context: Context) -> Recent[Result]:
    cache: Recent[Result] = context.extensions.setdefault(CACHE, Recent[Result](KEPT))
    return cache

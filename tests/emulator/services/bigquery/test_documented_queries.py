"""Queries of every area of BigQuery with the results that its documentation gives, asked afresh and after a restart.

The queries are data, `queries/*.yaml`; docs/bigquery.md is made of them. After the restart the usual run asks those
alone that make tables and routines, and with `DOCUMENTED_QUERIES=all` every one.
"""

import os
from collections.abc import Iterator

import pytest

from tests.support.documented_queries import Query, Runner, all_queries, areas_page
from tests.support.emulator import ROOT, RunningEmulator

PROJECT = "test-project"
QUERIES = all_queries()
CASES = [pytest.param(query, id=f"{query.area}: {query.query}"[:150]) for query in QUERIES]
EVERY = os.environ.get("DOCUMENTED_QUERIES") == "all"
AGAIN = [case for case, query in zip(CASES, QUERIES, strict=True) if EVERY or "CREATE OR REPLACE" in query.query]


@pytest.fixture(scope="module")
def fresh(running: RunningEmulator) -> Iterator[Runner]:
    """What asks the emulator after its first start."""
    runner = Runner(running)
    runner.prepare()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def restarted(fresh: Runner) -> Iterator[Runner]:
    """What asks it when it was stopped and started again."""
    fresh.emulator.stop()
    runner = Runner(fresh.emulator.start())
    yield runner
    runner.close()


@pytest.mark.parametrize("query", CASES)
def test_a_query_gives_what_is_documented(fresh: Runner, query: Query) -> None:
    fresh.check(query)


@pytest.mark.parametrize("query", AGAIN)
def test_it_gives_the_same_after_a_restart(restarted: Runner, query: Query) -> None:
    restarted.check(query)


def test_there_are_enough_of_them() -> None:
    assert len({query.query for query in QUERIES}) == len(QUERIES) >= 400


def test_the_page_of_areas_is_made_of_these_queries() -> None:
    page = (ROOT / "docs" / "bigquery.md").read_text(encoding="utf-8")
    assert page == areas_page(QUERIES), "make it anew: python -m tests.support.documented_queries"

"""The box for SQL: rows, pages, charts, errors."""

import re

import httpx
import pytest

from emulator.console.chart import chart
from tests.emulator.console import filling
from tests.emulator.console.conftest import PROJECT, Browser, Site, words
from tests.support.patience import eventually

BARS = [{"name": "label", "type": "STRING"}, {"name": "films", "type": "INTEGER"}]


def run(browser: Browser, query: str) -> httpx.Response:
    """What is shown at the end of a query."""
    sent = browser.post("sql", query=query)
    assert sent.status_code == 303, words(sent.text)
    assert query.split(maxsplit=1)[0] not in sent.headers["location"]
    return eventually(
        lambda: browser.site.send("GET", sent.headers["location"], headers=browser.headers),
        lambda page: "The query goes on" not in page.text,
    )


def test_rows_are_a_table_and_a_chart(owner: Browser) -> None:
    page = run(owner, "SELECT 'Effusion' AS label, 12 AS films UNION ALL SELECT 'Mass', 3 ORDER BY films DESC")
    assert "Effusion 12 Mass 3" in words(page.text)
    assert 'aria-label="Chart: films by label"' in page.text
    assert re.search(r'<rect[^>]*class="bar"', page.text)


def test_nested_values_and_nulls_are_shown(owner: Browser) -> None:
    query = "SELECT [1, 2] AS list, STRUCT('a' AS x, 3 AS y) AS pair, CAST(NULL AS STRING) AS none"
    page = words(run(owner, query).text)
    assert '["1","2"]' in page
    assert '["a","3"]' in page
    assert "null" in page


def test_rows_turn_pages(owner: Browser) -> None:
    page = run(owner, "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 150)) AS n ORDER BY n")
    address = page.text.partition('aria-label="Pages of the list"')[2].partition('href="')[2].partition('"')[0]
    following = owner.site.send("GET", address.replace("&amp;", "&"), headers=owner.headers)
    assert "101 102" in words(following.text)
    assert "150" in words(following.text)


def test_an_error_is_told_in_bigquerys_words_below_the_query(owner: Browser) -> None:
    page = words(run(owner, "SELECT nonsense").text)
    assert "Unrecognized name: nonsense" in page
    assert "SELECT nonsense" in page


def test_a_change_says_how_many_rows_it_changed(site: Site, owner: Browser) -> None:
    site.made(f"/bigquery/v2/projects/{PROJECT}/datasets", {"datasetReference": {"datasetId": "changing"}})
    filling.run_sql(site, "CREATE TABLE changing.rows (n INT64)")
    assert "Rows changed 2" in words(run(owner, "INSERT changing.rows VALUES (1), (2)").text)


def test_a_table_of_the_overview_is_a_query_that_has_not_run(owner: Browser) -> None:
    assert "FROM `p.d.t` LIMIT 100" in owner.read("sql", table="p.d.t")


def test_who_may_not_query_is_told_what_is_missing(stranger: Browser) -> None:
    refused = stranger.post("sql", query="SELECT 1")
    assert refused.status_code == 403
    assert "bigquery.jobs.create" in refused.text


def test_times_make_a_line_in_their_order() -> None:
    fields = [{"name": "day", "type": "DATE"}, {"name": "films", "type": "INTEGER"}]
    drawn = chart(fields, [["2024-01-03", "5"], ["2024-01-01", "10"], ["2024-01-02", "0"]])
    assert drawn is not None
    points = re.search(r'points="([^"]*)"', drawn)
    assert points is not None
    heights = [float(point.split(",")[1]) for point in points[1].split()]
    assert heights == [15.0, 225.0, 120.0], "10, 0 and 5, from the top down"


@pytest.mark.parametrize(
    "rows", [[["a", "1"]], [["a", None], ["b", None]], [[str(n), "1"] for n in range(51)], [["a", "NaN"], ["b", "inf"]]]
)
def test_rows_that_make_no_picture_make_none(rows: list[list[object]]) -> None:
    assert chart(BARS, rows) is None


def test_values_below_zero_go_the_other_way() -> None:
    drawn = chart(BARS, [["a", "-1"], ["b", "1"]])
    assert drawn is not None
    first, second = re.findall(r'<rect x="([0-9.]+)"[^>]* width="([0-9.]+)"', drawn)
    assert float(first[0]) + float(first[1]) == float(second[0])

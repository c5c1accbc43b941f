"""`query --ready` on the emulator, each result counted by hand from films.small_set."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from emulator.services.bigquery.sql.syntax import RESERVED
from scripts import imaging_view
from scripts.chestxrays import label_columns, label_table, label_views
from scripts.chestxrays.label_table import load_labels
from scripts.connection import Connection
from scripts.queries import ready as ready_queries
from tests.scripts.chestxrays.labelled import small_set, uids_of
from tests.scripts.conftest import Live, Run


@pytest.fixture
def labelled(target: Connection) -> Connection:
    """A stack with the labels of five films in two versions: 2017, and v2020 that has only patient 2's film."""
    load_labels(target, [(film, uids_of(film)) for film in small_set()])
    load_labels(target, [(small_set("v2020")[3], uids_of(small_set()[3]))])
    return target


def rows(run: Run, stack: Live, name: str) -> list[dict[str, Any]]:
    ended = run("query", "--ready", name, "--json", "--outputs", stack.path)
    assert (ended.code, ended.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def table(run: Run, stack: Live, name: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows(run, stack, name)]


@pytest.mark.usefixtures("labelled")
def test_findings(run: Run, stack: Live) -> None:
    found = rows(run, stack, "findings")
    assert list(found[0]) == ["label_version", "finding", "films", "patients", "percent_of_films"]
    assert [tuple(row.values()) for row in found] == [
        ("2017", "Cardiomegaly", 2, 1, 40.0),
        ("2017", "Effusion", 2, 2, 40.0),
        ("2017", "No Finding", 2, 2, 40.0),
        ("v2020", "Effusion", 1, 1, 100.0),
    ]


@pytest.mark.usefixtures("labelled")
def test_views(run: Run, stack: Live) -> None:
    assert table(run, stack, "views") == [
        ("2017", "AP", 2, 2, 2, 55.5),
        ("2017", "PA", 2, 1, 1, 58.0),
        ("2017", "unknown", 1, 1, 0, None),
        ("v2020", "AP", 1, 1, 1, 50.0),
    ]


@pytest.mark.usefixtures("labelled")
def test_follow_up(run: Run, stack: Live) -> None:
    found = rows(run, stack, "follow-up")
    assert list(found[0])[2:] == ["films", "first_follow_up", "last_follow_up", "years"]
    assert [tuple(row.values()) for row in found] == [("2017", "00000001", 3, 0, 2, 3)]


@pytest.mark.usefixtures("labelled")
def test_boxes(run: Run, stack: Live) -> None:
    # Cardiomegaly: 512 x 256 and 100 x 100; (131072 + 10000) / 2 / 1048576 = 6.73 %.
    assert table(run, stack, "boxes") == [
        ("2017", "Cardiomegaly", 2, 2, 306.0, 178.0, 6.73),
        ("2017", "Effusion", 1, 1, 3.5, 4.0, 0.0),
        ("v2020", "Effusion", 1, 1, 3.5, 4.0, 0.0),
    ]


def test_splits(run: Run, stack: Live, labelled: Connection) -> None:
    assert table(run, stack, "splits") == [
        ("2017", "none", 1, 1, 0, 0),
        ("2017", "test", 1, 1, 1, 0),
        ("2017", "train_val", 3, 1, 2, 0),
        ("v2020", "test", 1, 1, 1, 0),
    ]
    import dataclasses

    leak = dataclasses.replace(small_set()[2], split="test")
    load_labels(labelled, [(leak, uids_of(leak))])
    assert table(run, stack, "splits")[1:3] == [("2017", "test", 2, 2, 2, 1), ("2017", "train_val", 2, 1, 1, 1)]


def test_the_list_says_what_each_shows(run: Run, tmp_path: Path) -> None:
    shown = run("query", "--ready", "list", "--outputs", tmp_path / "none.json")
    assert shown.code == 0
    lines = [line.split("\t") for line in shown.out.splitlines()[1:]]
    assert [line[0] for line in lines] == list(ready_queries.NAMES)
    assert (
        lines[ready_queries.NAMES.index("findings")][1]
        == "Films and patients of each finding, and the share of all films that show it."
    )
    as_json = json.loads(run("query", "--ready", "list", "--json").out)
    assert [[each["name"], each["shows"]] for each in as_json] == lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either a query in GoogleSQL or --ready NAME"),
        (("SELECT 1", "--ready", "findings"), "either a query in GoogleSQL or --ready NAME"),
        (("--ready", "nope"), "There is no ready query 'nope'; there are studies, storage"),
    ],
)
def test_wrong_use(run: Run, stack: Live, arguments: tuple[str, ...], message: str) -> None:
    ended = run("query", *arguments, "--outputs", stack.path)
    assert ended.code == 2
    assert message in ended.err


def test_without_labels_it_says_what_to_do_first(run: Run, stack: Live) -> None:
    ended = run("query", "--ready", "findings", "--outputs", stack.path)
    assert ended.code == 1
    assert f"{stack.outputs.bigquery_dataset} has no table chest_xray_labels: load chest X-rays" in ended.err
    assert ended.err.count("\n") == 1


def all_sql() -> dict[str, str]:
    statements = {query.name: query.sql for query in ready_queries.ready_queries()}
    statements["merge"] = label_table.merge_statement("p.d.labels", "p.d.staging")
    statements["instances"] = imaging_view.latest("p.d.metadata", set(), label_views.METADATA_COLUMNS)
    statements["joined"] = label_views.joined_query("p.d.labels", "p.d.instances")
    return statements


@pytest.mark.parametrize("name", all_sql())
def test_no_reserved_word_names_anything(name: str) -> None:
    """Stricter than GoogleSQL, which takes them after a dot."""
    tree = sqlglot.parse_one(all_sql()[name], read="bigquery")
    names = {node.name for node in tree.find_all(sqlglot.exp.Identifier) if not node.args.get("quoted")}
    assert names
    assert not {name for name in names if name.lower() in RESERVED}


def test_every_file_has_its_one_line_of_comment_and_is_listed() -> None:
    folder = Path(ready_queries.__file__).parent / "sql"
    assert sorted(path.stem for path in folder.iterdir()) == sorted(ready_queries.NAMES)
    for query in ready_queries.ready_queries():
        assert re.fullmatch(r"[A-Z][^\n]+\.", query.shows)
        assert query.sql.count("--") == 1


def test_no_column_is_a_reserved_word() -> None:
    assert not {column["name"] for column in label_columns.COLUMNS if column["name"] in RESERVED}

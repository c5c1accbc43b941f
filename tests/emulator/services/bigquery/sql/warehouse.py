"""A small warehouse for tests of the dialect: an engine, two tables and a view."""

from pathlib import Path
from typing import Any

import duckdb

from emulator.services.bigquery.names import DatasetName
from emulator.services.bigquery.sql import changes, encoders, engine, kept, messages, rows, storage, types
from emulator.services.bigquery.sql.catalog import DatasetInfo, Defaults, Snapshot, TableInfo
from emulator.services.bigquery.sql.parameters import bind
from emulator.services.bigquery.sql.statements import parse
from emulator.services.bigquery.sql.translate import Translator

DATASET = DatasetName("p", "d")
FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "INTEGER", "mode": "REQUIRED"},
    {"name": "name", "type": "STRING"},
    {"name": "ts", "type": "TIMESTAMP"},
    {"name": "d", "type": "DATE"},
    {"name": "dt", "type": "DATETIME"},
    {"name": "tm", "type": "TIME"},
    {"name": "n", "type": "NUMERIC"},
    {"name": "f", "type": "FLOAT"},
    {"name": "b", "type": "BYTES"},
    {"name": "ok", "type": "BOOLEAN"},
    {"name": "j", "type": "JSON"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    {
        "name": "recs",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [
            {"name": "k", "type": "STRING"},
            {"name": "v", "type": "INTEGER"},
            {"name": "at", "type": "TIMESTAMP"},
            {"name": "deep", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "z", "type": "INTEGER"}]},
        ],
    },
    {
        "name": "one",
        "type": "RECORD",
        "fields": [
            {"name": "x", "type": "STRING"},
            {"name": "y", "type": "RECORD", "fields": [{"name": "w", "type": "INTEGER"}]},
        ],
    },
]
ROWS: list[dict[str, Any]] = [
    {
        "id": 1,
        "name": "Ann",
        "ts": "2020-01-02T03:04:05.678Z",
        "d": "2020-01-02",
        "dt": "2020-01-02T03:04:05",
        "tm": "01:02:03",
        "n": "1.5",
        "f": 2.5,
        "b": "YWI=",
        "ok": True,
        "j": {"a": {"b": [1, 2]}, "s": "x"},
        "tags": ["x", "y"],
        "recs": [
            {"k": "a", "v": 1, "at": "2021-01-01 00:00:00 UTC", "deep": [{"z": 5}]},
            {"k": "b", "v": 2},
        ],
        "one": {"x": "X", "y": {"w": 7}},
    },
    {"id": 2, "name": "Bob", "tags": ["z"]},
    {"id": 3},
]


class SmallWarehouse:
    """Runs statements as the query jobs do, without the service around them."""

    def __init__(self, folder: Path) -> None:
        self.engine = engine.Engine(folder)
        self.connection = self.engine.connection()
        infos = []
        for name in ("t", "t_1"):
            place = engine.stored(f"rows_{name}")
            storage.create(self.connection, place, FIELDS)
            reader = rows.RowReader(FIELDS)
            storage.append(self.connection, place, FIELDS, [reader.read(row) for row in ROWS])
            infos.append(TableInfo(DATASET.table(name), tuple(FIELDS), place))
        infos.append(TableInfo(DATASET.table("v"), view="SELECT id, recs FROM `p.d.t`", kind="VIEW"))
        inner = "SELECT CAST(id AS STRING) AS text, id / 2 AS half, r.k FROM `p.d.t`, UNNEST(recs) AS r"
        infos.append(TableInfo(DATASET.table("w"), view=inner, kind="VIEW"))
        outer = "SELECT CONCAT(text, k) AS joined, IEEE_DIVIDE(half, 0.5) AS whole FROM `p.d.w`"
        infos.append(TableInfo(DATASET.table("w2"), view=outer, kind="VIEW"))
        self.snapshot = Snapshot(
            {info.name: info for info in infos},
            {DATASET: tuple(infos)},
            {"p": (DatasetInfo(DATASET, "US"),)},
            "user:ann@example.com",
        )

    def run(self, sql: str, parameters: list[dict[str, Any]] | None = None) -> tuple[list[str], list[list[Any]]]:
        """Run one statement: "name TYPE" of each column, and the rows as the REST API shows values."""
        defaults = Defaults("p", DATASET)
        (statement,) = parse(sql, defaults)
        bind([statement.tree], parameters or [])
        translator = Translator(self.snapshot, defaults, lambda text: engine.describe(self.connection, text))
        try:
            if statement.is_dml:
                with engine.transaction(self.connection):
                    return [], [list(row) for row in changes.apply(self.connection, translator, statement)]
            text = translator.select(statement.tree)
            fields = engine.describe(self.connection, text)
            found = self.connection.execute(
                f"SELECT {types.python_select(fields)} FROM ({kept.checked(fields, text)})"
            ).fetchall()
        except duckdb.Error as problem:
            raise messages.statement_error(problem) from None
        encode = encoders.row_encoder(fields, "ISO8601_STRING")
        names = [f"{field['name']} {types.standard_type(field)}" for field in fields]
        return names, [[_plain(cell["v"]) for cell in encode(row)["f"]] for row in found]

    def close(self) -> None:
        self.engine.close()


def _plain(value: Any) -> Any:
    """Values without the wrapping of f and v."""
    if isinstance(value, list):
        return [_plain(item["v"]) for item in value]
    if isinstance(value, dict):
        return [_plain(cell["v"]) for cell in value["f"]]
    return value

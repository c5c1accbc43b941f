"""What other services call in-process."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.errors import ApiError
from emulator.services.bigquery import api, catalog, datasets, warehouse
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored
from emulator.settings import Settings

P, D = "test-project", "d"
SCHEMA: list[dict[str, Any]] = [
    {"name": "id", "type": "INTEGER", "mode": "REQUIRED"},
    {"name": "PatientName", "type": "RECORD", "fields": [{"name": "Alphabetic", "type": "STRING"}]},
    {"name": "Codes", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "Value", "type": "STRING"}]},
]


def run(tmp_path: Path, work: Any) -> Any:
    async def main() -> Any:
        emulator = Emulator(Settings(state=tmp_path / "state", project=P))
        await emulator.start()
        try:
            await emulator.db.write(datasets.create_in, emulator, DatasetName(P, D), {}, "user:a@example.com")
            result: Coroutine[Any, Any, Any] = work(emulator)
            return await result
        finally:
            await emulator.stop()

    return asyncio.run(main())


async def read(emulator: Emulator, table: str) -> list[tuple[Any, ...]]:
    found = catalog.table(emulator, TableName(P, D, table)).body
    place, fields = stored(catalog.storage_of(found)), catalog.fields_of(found)
    rows: list[tuple[Any, ...]] = await warehouse.of(emulator).run(storage.read_page, place, fields, 0, 100_000)
    return rows


def row(number: int) -> dict[str, Any]:
    return {"id": number, "PatientName": {"Alphabetic": "X"}, "Codes": [{"Value": "a"}, {"Value": "b"}]}


async def batches(count: int, size: int) -> AsyncIterator[list[dict[str, Any]]]:
    for start in range(0, count, size):
        yield [row(number) for number in range(start, min(count, start + size))]


def test_write_table_by_disposition(tmp_path: Path) -> None:
    async def work(emulator: Emulator) -> None:
        assert await api.write_table(emulator, P, D, "t", SCHEMA, batches(12_000, 5000)) == 12_000
        assert len(await read(emulator, "t")) == 12_000
        with pytest.raises(ApiError, match="Already Exists: Table"):
            await api.write_table(emulator, P, D, "t", SCHEMA, [[row(1)]], "WRITE_EMPTY")
        wider = [*SCHEMA, {"name": "Modality", "type": "STRING"}]
        await api.write_table(emulator, P, D, "t", wider, [[{**row(1), "Modality": "DX"}]], "WRITE_APPEND")
        rows = await read(emulator, "t")
        assert len(rows) == 12_001
        assert rows[-1] == (1, {"Alphabetic": "X"}, [{"Value": "a"}, {"Value": "b"}], "DX")
        assert rows[0][3] is None
        await api.write_table(emulator, P, D, "t", SCHEMA, [[row(7)]], "WRITE_TRUNCATE")
        assert [r[0] for r in await read(emulator, "t")] == [7]

    run(tmp_path, work)


def test_a_bad_row_writes_nothing(tmp_path: Path) -> None:
    async def work(emulator: Emulator) -> None:
        with pytest.raises(ApiError, match="field nope"):
            await api.write_table(emulator, P, D, "t", SCHEMA, [[row(1)], [{"id": 2, "nope": 1}]])
        assert not api.table_exists(emulator, P, D, "t")
        with pytest.raises(ApiError, match="Not found: Dataset"):
            await api.write_table(emulator, P, "missing", "t", SCHEMA, [[row(1)]])
        with pytest.raises(ApiError, match="VECTOR"):
            await api.write_table(emulator, P, D, "t", [{"name": "g", "type": "VECTOR"}], [])

    run(tmp_path, work)


def test_a_named_write_happens_once(tmp_path: Path) -> None:
    async def work(emulator: Emulator) -> None:
        for disposition in ("WRITE_APPEND", "WRITE_APPEND"):
            await api.write_table(emulator, P, D, "t", SCHEMA, [[row(1)]], disposition, job="op-1")
        await api.write_table(emulator, P, D, "t", SCHEMA, [[row(2)]], "WRITE_APPEND", job="op-2")
        await api.write_table(emulator, P, D, "t", SCHEMA, [[row(2)]], "WRITE_APPEND", job="op-2")
        assert [r[0] for r in await read(emulator, "t")] == [1, 2]

    run(tmp_path, work)


def test_append_rows_makes_and_widens_the_table(tmp_path: Path) -> None:
    async def work(emulator: Emulator) -> None:
        assert await api.append_rows(emulator, P, D, "s", SCHEMA, [row(1)]) == 1
        inner = [{"name": "Alphabetic", "type": "STRING"}, {"name": "Ideographic", "type": "STRING"}]
        wider = [
            SCHEMA[0],
            {"name": "PatientName", "type": "RECORD", "fields": inner},
            {"name": "Type", "type": "STRING"},
        ]
        second = {"id": 2, "PatientName": {"Ideographic": "Y"}, "Type": "INSERT"}
        await asyncio.gather(
            *(api.append_rows(emulator, P, D, "s", wider, [{**second, "id": number}]) for number in range(2, 12))
        )
        await api.append_rows(emulator, P, D, "s", SCHEMA, [row(12)])
        rows = sorted(await read(emulator, "s"))
        assert [r[0] for r in rows] == list(range(1, 13))
        assert rows[0][1] == {"Alphabetic": "X", "Ideographic": None}
        assert rows[1] == (2, {"Alphabetic": None, "Ideographic": "Y"}, [], "INSERT")
        with pytest.raises(ApiError, match="has changed type"):
            await api.append_rows(emulator, P, D, "s", [{"name": "id", "type": "STRING"}], [{"id": "x"}])

    run(tmp_path, work)


def test_who_may_write(tmp_path: Path) -> None:
    async def work(emulator: Emulator) -> None:
        with pytest.raises(ApiError, match=r"bigquery\.tables\.create"):
            api.require_writer(emulator, "serviceAccount:agent@x", P, D, "t")
        await api.append_rows(emulator, P, D, "t", SCHEMA, [row(1)])
        with pytest.raises(ApiError, match=r"bigquery\.tables\.updateData"):
            api.require_writer(emulator, "serviceAccount:agent@x", P, D, "t")
        binding = {"role": "roles/bigquery.dataEditor", "members": ["serviceAccount:agent@x.gserviceaccount.com"]}
        name = DatasetName(P, D).resource
        await emulator.db.write(emulator.policies.set, name, {"bindings": [binding]})
        api.require_writer(emulator, "serviceAccount:agent@x.gserviceaccount.com", P, D, "t")
        api.require_writer(emulator, "serviceAccount:agent@x.gserviceaccount.com", P, D, "new")

    run(tmp_path, work)

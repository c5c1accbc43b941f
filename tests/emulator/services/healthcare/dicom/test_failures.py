"""What must hold when something fails half-way: a cancelled STOW, a row that cannot be streamed."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from emulator.errors import unavailable
from emulator.gateway.request import Request
from emulator.services.healthcare.dicom import ingest, pixel_work
from emulator.services.healthcare.dicom.transfer import flattened, to_bigquery
from emulator.services.healthcare.stores.registry import STREAMS
from emulator.services.healthcare.transfer import tables as written
from emulator.state.outbox import Pace
from tests.emulator.conftest import InProcess
from tests.emulator.services.healthcare.instances import made
from tests.support.patience import PATIENCE

DATASET = "projects/unit-project/locations/us-central1/datasets/d"
STORE = f"{DATASET}/dicomStores/s"


async def call(in_process: InProcess, verb: str, path: str, body: bytes, kind: str = "application/json") -> int:
    """Send one request as the owner, without HTTP; give the status."""
    emulator = in_process.emulator
    url, _, query = path.partition("?")
    route, found, _known = emulator.router.find(verb, url)
    assert route is not None
    headers = {"authorization": f"Bearer {emulator.authenticator.owner_token}", "content-type": kind}
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request(emulator, route.method, found, pairs, headers, receive, "http://127.0.0.1", url)
    return (await emulator.handle(request)).status


@pytest.fixture
def store(in_process: InProcess) -> InProcess:
    """An emulator with an empty DICOM store."""
    parent = DATASET.rpartition("/datasets/")[0]
    for path in (f"/v1/{parent}/datasets?datasetId=d", f"/v1/{DATASET}/dicomStores?dicomStoreId=s"):
        assert in_process.run(call(in_process, "POST", path, b"{}")) == 200
    return in_process


def test_a_cancelled_store_keeps_the_files_of_what_is_committed(
    store: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer thread commits what is queued, whether or not somebody still waits for it."""

    async def cancelled() -> None:
        task = asyncio.create_task(call(store, "POST", f"/v1/{STORE}/dicomWeb/studies", made(), "application/dicom"))
        monkeypatch.setattr(ingest, "store_in", _after_cancelling(task, ingest.store_in))
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.emulator.db.write(lambda _: None)  # it comes after what was queued

    store.run(cancelled())
    rows = store.emulator.db.all("SELECT blob FROM dicom_instances")
    assert [store.emulator.blobs.path(row[0]).exists() for row in rows] == [True]


def _after_cancelling(task: "asyncio.Task[int]", function: Any) -> Any:
    """Make the function, on the writer thread, first cancel the task and wait for its end."""

    def changed(*arguments: Any) -> Any:
        ended = threading.Event()
        task.get_loop().call_soon_threadsafe(task.add_done_callback, lambda _: ended.set())
        task.get_loop().call_soon_threadsafe(task.cancel)
        assert ended.wait(PATIENCE)
        return function(*arguments)

    return changed


@pytest.mark.parametrize("text", ["20200101000000+9900", "20200101000000-2400"])
def test_a_time_zone_that_is_none(text: str) -> None:
    assert flattened.timestamp(text) is None
    assert flattened.timestamp("20200101000000+0100") == "2019-12-31T23:00:00.000000Z"


class Tables:
    """Stands for BigQuery: keeps the rows, and refuses a batch as told."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.problem: Exception | None = None
        self.fails_for = ""
        self.on_rows: Callable[[str], None] = lambda _table: None

    async def append_rows(self, *arguments: Any) -> int:
        """Take rows, or raise."""
        table, rows = arguments[3], arguments[5]
        if self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem
        if table == self.fails_for:
            raise unavailable("BigQuery's engine was restarted.")
        self.on_rows(table)
        self.rows += rows
        return len(rows)


@pytest.fixture
def tables(store: InProcess, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """A stream from the store, and where its rows arrive."""
    from emulator.services.bigquery import api

    found = Tables()
    monkeypatch.setattr(api, "append_rows", found.append_rows)
    monkeypatch.setattr(written, "require_editor", lambda *_: None)
    body = b'{"streamConfigs": [{"bigqueryDestination": {"tableUri": "bq://unit-project.d.t"}}]}'
    path = f"/v1/{STORE}?updateMask=streamConfigs"
    assert store.run(call(store, "PATCH", path, body)) == 200
    return found


async def _handed_over(store: InProcess, but: int = 0) -> None:
    """Wait until nothing waits, or `but` entries."""
    async with asyncio.timeout(PATIENCE):
        while store.emulator.outbox.waiting(STREAMS) > but:  # noqa: ASYNC110 the outbox tells nobody of its deliveries
            await asyncio.sleep(0.02)


def test_a_bad_row_does_not_stop_the_stream(
    store: InProcess, tables: Tables, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    table_row = to_bigquery.table_row

    def failing(document: bytes, *arguments: Any, **options: Any) -> dict[str, Any]:
        if b"Bad^Row" in document:
            raise ValueError("Bad^Row is unreadable")
        return table_row(document, *arguments, **options)

    monkeypatch.setattr(to_bigquery, "table_row", failing)

    async def stored() -> None:
        path = f"/v1/{STORE}/dicomWeb/studies"
        for uid, name in (("1.2.1.1.1", "Doe^Jane"), ("1.2.1.1.2", "Bad^Row"), ("1.2.1.1.3", "Doe^John")):
            assert await call(store, "POST", path, made(uid=uid, PatientName=name), "application/dicom") == 200
        await _handed_over(store)

    with caplog.at_level(logging.ERROR, "emulator"):
        store.run(stored())
    assert {row["SOPInstanceUID"] for row in tables.rows} == {"1.2.1.1.1", "1.2.1.1.3"}
    assert "left out: ValueError at " in caplog.text
    assert "Bad^Row" not in caplog.text


def test_the_stream_goes_on_after_any_failure(
    store: InProcess, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.emulator.outbox, "_pace", Pace(first_wait=0.05))
    tables.problem = RuntimeError("no more room")

    async def stored() -> None:
        assert await call(store, "POST", f"/v1/{STORE}/dicomWeb/studies", made(), "application/dicom") == 200
        await _handed_over(store)

    store.run(stored())
    assert [row["SOPInstanceUID"] for row in tables.rows] == ["1.2.1.1.1"]


def test_a_table_that_fails_holds_no_other_back_and_gets_its_rows_later(
    store: InProcess, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.emulator.outbox, "_pace", Pace(first_wait=0.01, longest_wait=0.01))
    uris = [f"bq://unit-project.d.{name}" for name in ("failing", "sound")]
    streams = {"streamConfigs": [{"bigqueryDestination": {"tableUri": uri}} for uri in uris]}
    written: list[str] = []
    tables.fails_for = "failing"
    tables.on_rows = written.append

    async def stored() -> None:
        path = f"/v1/{STORE}?updateMask=streamConfigs"
        assert await call(store, "PATCH", path, orjson.dumps(streams)) == 200
        assert await call(store, "POST", f"/v1/{STORE}/dicomWeb/studies", made(), "application/dicom") == 200
        await _handed_over(store, but=1)
        assert written == ["sound"]
        tables.fails_for = ""
        await _handed_over(store)

    store.run(stored())
    assert written == ["sound", "failing"]


def test_a_patch_of_what_is_deleted_meanwhile_is_aborted(store: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.run(call(store, "POST", f"/v1/{STORE}/dicomWeb/studies", made(), "application/dicom")) == 200
    read = pixel_work.run

    async def deleted_meanwhile(*arguments: Any) -> Any:
        study = f"/v1/{STORE}/dicomWeb/studies/1.2.1"
        assert await call(store, "DELETE", study, b"") == 200
        return await read(*arguments)

    monkeypatch.setattr(pixel_work, "run", deleted_meanwhile)
    path = f"/v1beta1/{STORE}/dicomWeb/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/metadata"
    assert store.run(call(store, "PATCH", path, b'[{"op": "remove", "path": "/00080050"}]')) == 409

"""HL7v2: parsing beside HAPI HL7v2; messages ingested through REST and MLLP, beside bare inserts into SQLite."""

import base64
import itertools
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from benchmarks import mllp, wire
from benchmarks.figures import Figure, absent, rates, speeds
from benchmarks.hl7v2_messages import admissions, mixed
from benchmarks.peers.hapi_hl7v2 import command, lines
from benchmarks.peers.missing import PeerMissing
from benchmarks.running import LOCATION, PROJECT, Running, running_emulator
from emulator.hl7v2.message import Message
from emulator.hl7v2.parsed import parsed_data
from emulator.services.healthcare.hl7v2.tables import MESSAGES
from scripts.demonstration.places import Places

_PARSED, _PARSE_ROUNDS, _WARM_UP = 2000, 15, 60
"""Messages; rounds of them; and rounds before, until a JVM is no more getting quicker."""
_INGESTED, _INGEST_ROUNDS, _CONNECTIONS = 4000, 3, 16
_BESIDE_HAPI, _PARSED_A_SECOND, _INGESTED_A_SECOND, _BY_MLLP_A_SECOND = 5.0, 15_000.0, 1_000.0, 800.0


def hl7v2(places: Places) -> list[Figure]:
    """Admissions of six segments, each with its own ids, and for the parser a radiology department's messages, too."""
    return [*_parsing(), *_ingesting(places)]


def _parsing() -> Iterator[Figure]:
    """Messages in memory, to ParsedData here and to HAPI's model there, in turn; once as both start, then both warm.

    Seconds of the processor that the parsing thread takes, which others leave alone.
    """
    kinds = {f"{_PARSED} admissions": admissions(0, _PARSED), f"{_PARSED} messages of many shapes": mixed(_PARSED)}
    for name, messages in kinds.items():
        first, *warm = (_parse(messages) for _ in range(1 + _PARSE_ROUNDS))
        absolute = tuple(_PARSED / each for each in warm)
        yield Figure(f"{name} parsed to ParsedData, a second", absolute, _PARSED_A_SECOND, unit="messages/s")
        parsed = f"{name} parsed to ParsedData, beside HAPI HL7v2"
        try:
            yield from _beside_hapi(parsed, messages, first)
        except PeerMissing as missing:
            yield absent(parsed, str(missing), _BESIDE_HAPI)


def _parse(messages: Sequence[bytes]) -> float:
    started = time.process_time()
    for raw in messages:
        parsed_data(Message.parse(raw), "V3")
    return time.process_time() - started


def _beside_hapi(name: str, messages: Sequence[bytes], first: float) -> Iterator[Figure]:
    with _hapi(messages) as theirs:
        yield speeds(f"{name} that has just started", (first,), (theirs(),))
        for _ in range(_WARM_UP):
            theirs()
        rounds = [(_parse(messages), theirs()) for _ in range(_PARSE_ROUNDS)]
        yield speeds(name, tuple(mine for mine, _ in rounds), tuple(other for _, other in rounds), goal=_BESIDE_HAPI)


@contextmanager
def _hapi(messages: Sequence[bytes]) -> Iterator[Callable[[], float]]:
    """A new JVM that holds messages: each call parses them all and gives the seconds that this took."""
    with subprocess.Popen(
        command("parse"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as hapi:
        assert hapi.stdin is not None
        hapi.stdin.write(lines(messages))
        yield partial(_round, hapi)
        hapi.stdin.close()


def _round(hapi: subprocess.Popen[str]) -> float:
    assert hapi.stdin is not None
    assert hapi.stdout is not None
    hapi.stdin.write("\n")
    hapi.stdin.flush()
    return float(hapi.stdout.readline())


def _ingesting(places: Places) -> list[Figure]:
    """Messages over kept connections, each answered when it is on disk, and bare inserts of the same bytes."""
    name = f"{_INGESTED} admissions ingested over {_CONNECTIONS} connections"
    ours, theirs, by_mllp = [], [], []
    with running_emulator(places, "hl7v2") as emulator:
        store = _store(emulator)
        with mllp.adapter(emulator, store) as port:
            for turn in range(_INGEST_ROUNDS):
                messages = admissions((_INGEST_ROUNDS + turn) * _INGESTED, _INGESTED)
                by_mllp.append(mllp.rate(port, messages, _CONNECTIONS))
        for turn in range(_INGEST_ROUNDS):
            messages = admissions(turn * _INGESTED, _INGESTED)
            sent = [partial(_request, emulator, store, places.port, raw) for raw in messages]
            ours.append(wire.each_once(places.port, sent, _CONNECTIONS).rate)
            theirs.append(_bare_inserts(places.results / f"bare-{turn}.sqlite", messages))
    return [
        Figure(f"{name}, a second", tuple(ours), _INGESTED_A_SECOND, unit="messages/s"),
        Figure(f"{name} of MLLP, a second", tuple(by_mllp), _BY_MLLP_A_SECOND, unit="messages/s"),
        rates(f"{name}, beside bare inserts into SQLite", tuple(ours), tuple(theirs)),
    ]


def _store(emulator: Running) -> str:
    datasets = emulator.api("healthcare", "v1").projects().locations().datasets()
    parent = f"projects/{PROJECT}/locations/{LOCATION}"
    datasets.create(parent=parent, datasetId="benchmark", body={}).execute()
    stores = datasets.hl7V2Stores()
    made = stores.create(parent=f"{parent}/datasets/benchmark", hl7V2StoreId="messages", body={}).execute()
    return str(made["name"])


def _request(emulator: Running, store: str, port: int, raw: bytes) -> wire.Sent:
    headers = {"Authorization": f"Bearer {emulator.credentials.token}", "Content-Type": "application/json"}
    body = json.dumps({"message": {"data": base64.b64encode(raw).decode()}}).encode()
    return wire.request(port, f"/v1/{store}/messages:ingest", headers, [body])


def _bare_inserts(path: Path, messages: Sequence[bytes]) -> float:
    """Messages a second that are inserted into the emulator's tables and synced, as many at once as there are clients.

    Nothing is parsed, asked or answered: no server that keeps its messages in SQLite can be quicker.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(MESSAGES)
        started = time.perf_counter()
        numbered = enumerate(messages, 1)
        while batch := list(itertools.islice(numbered, _CONNECTIONS)):
            database.execute("BEGIN IMMEDIATE")
            for number, raw in batch:
                database.execute(
                    "INSERT INTO hl7v2_messages VALUES(?,1,?,1,0,0,'','{}',0,'ADT','GOOD HEALTH HOSPITAL',?)",
                    (number, f"{number:044d}", len(raw)),
                )
                database.execute("INSERT INTO hl7v2_bodies VALUES(?,?,x'0d',x'')", (number, raw))
                for kind in ("MR", "SS"):
                    database.execute("INSERT INTO hl7v2_patients VALUES(1,?,?,?)", (f"{number}", kind, number))
            database.execute("COMMIT")
        return len(messages) / (time.perf_counter() - started)

"""What an HL7v2 store acknowledged is there after kill -9, once."""

import base64
import os
import threading
from typing import Any

import pytest
import requests

from emulator.hl7v2.message import Message
from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.hl7v2.conftest import encoded
from tests.emulator.services.healthcare.hl7v2.test_messages import sent
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

CLIENTS, BEFORE_KILL, ROUNDS = 4, 40, int(os.environ.get("KILL_ROUNDS", "2"))


def ingest_until_killed(emulator: RunningEmulator, url: str, place: int) -> dict[str, bytes]:
    """Ingest from several clients and kill the emulator in the middle; the messages that were acknowledged, by name."""
    acknowledged: dict[str, bytes] = {}

    def ingest(client: int) -> None:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {emulator.owner_token}"
        for number in range(100_000):
            raw = sent(place * 1_000_000 + client * 100_000 + number)
            body: Any = {"message": {"data": encoded(raw), "labels": {"client": str(client)}}}
            try:
                answer = session.post(url, json=body, timeout=PATIENCE)
            except requests.RequestException:
                return
            assert answer.status_code == 200, answer.text
            ack = Message.parse(base64.b64decode(answer.json()["hl7Ack"]))
            assert ack.field("MSA", 2) == Message.parse(raw).control_id
            acknowledged[answer.json()["message"]["name"]] = raw

    threads = [threading.Thread(target=ingest, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(acknowledged), lambda count: count >= BEFORE_KILL)
    emulator.kill()
    for thread in threads:
        thread.join()
    return acknowledged


def check_tables(emulator: RunningEmulator) -> None:
    """Each message has its body and its patient, and each body its message; an encrypted one is longer, and text."""
    with emulator.database() as database:
        strays = database.execute(
            "SELECT count(*) FROM hl7v2_messages m LEFT JOIN hl7v2_bodies b ON b.number = m.number"
            " LEFT JOIN hl7v2_patients p ON p.store = m.store AND p.number = m.number"
            " WHERE b.number IS NULL OR p.number IS NULL OR (typeof(b.raw) = 'blob' AND length(b.raw) <> m.size)"
        ).fetchone()
        counts = database.execute(
            "SELECT (SELECT count(*) FROM hl7v2_messages), (SELECT count(*) FROM hl7v2_bodies)"
        ).fetchone()
    assert strays == (0,)
    assert counts[0] == counts[1]


def listed(emulator: RunningEmulator, store: str) -> list[dict[str, Any]]:
    """All messages of a store."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        path = f"/v1/{store}/messages?pageSize=1000&view=RAW_ONLY&pageToken={token}"
        _, answer = emulator.request("GET", path)
        found += answer.get("hl7V2Messages", [])
        token = answer.get("nextPageToken", "")
        if not token:
            return found


@pytest.mark.crash
def test_nothing_that_was_acknowledged_is_lost_or_there_twice(start_emulator: StartEmulator) -> None:
    """KILL_ROUNDS is how often the emulator is killed."""
    emulator = start_emulator()
    parent = f"projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"/v1/{parent}?datasetId=d", {})
    for name in ("first", "second"):
        emulator.request("POST", f"/v1/{parent}/d/hl7V2Stores?hl7V2StoreId={name}", {})
    store = f"{parent}/d/hl7V2Stores/first"
    acknowledged: dict[str, bytes] = {}
    for place in range(ROUNDS):
        url = f"{emulator.base_url}/v1/{store}/messages:ingest"
        acknowledged |= ingest_until_killed(emulator, url, place)
        emulator.start()
        check_tables(emulator)
    kept = {each["name"]: base64.b64decode(each["data"]) for each in listed(emulator, store)}
    assert acknowledged.items() <= kept.items()
    assert len(set(kept.values())) == len(kept)
    bucket = transfers.make_bucket(emulator, "crash", "roles/storage.objectAdmin")
    transfers.run(emulator, store, "export", {"gcsDestination": {"uriPrefix": f"gs://{bucket}"}})
    other = f"{parent}/d/hl7V2Stores/second"
    transfers.run(emulator, other, "import", {"gcsSource": {"uri": f"gs://{bucket}/**"}})
    assert {base64.b64decode(each["data"]) for each in listed(emulator, other)} == set(kept.values())
    assert all(each["labels"]["client"] for each in listed(emulator, other))

"""kill -9 while consents are recorded and withdrawn, again and again on one store. KILL_ROUNDS=50 is the thorough form.

What was answered is there; a file of an artifact has its owner; a query that was under way is done after the start.
"""

import base64
import os
import threading

import pytest

from tests.conftest import StartEmulator
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json, policy
from tests.support.patience import eventually

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
CLIENTS = 3
BEFORE_KILL = 10


def record_until_killed(store: ConsentStore, place: int) -> dict[str, Json]:
    """Record consents with artifacts and mappings, withdraw every other, until the process dies: what was answered."""
    answered: dict[str, Json] = {}

    def record(client: int) -> None:
        for number in range(10_000):
            user = f"p{place}-{client}-{number}"
            try:
                image = {"rawBytes": base64.b64encode(user.encode()).decode()}
                artifact = store.artifact(user, consentContentScreenshots=[image])
                consent = store.consent(user, consentArtifact=artifact)
                answered[user] = consent
                if number % 2:
                    withdrawn = f"{store.of(consent['name'])}:revoke"
                    answered[user] = {**consent, "state": "REVOKED?"}
                    answered[user] = store.ok("POST", withdrawn, {})
                store.map(f"studies/{user}", user)
            except (OSError, AssertionError):
                return

    threads = [threading.Thread(target=record, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(answered), lambda count: count >= BEFORE_KILL)
    store.emulator.kill()
    for thread in threads:
        thread.join()
    return answered


@pytest.mark.crash
def test_nothing_that_was_answered_is_lost(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    parent = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"{parent}?datasetId=d", {})
    emulator.request("POST", f"{parent}/d/consentStores?consentStoreId=c", {})
    store = ConsentStore(emulator, f"{parent.removeprefix('/v1/')}/d/consentStores/c")
    store.define("purpose", "research", category="REQUEST")
    for place in range(ROUNDS):
        answered = record_until_killed(store, place)
        emulator.start()
        for user, consent in answered.items():
            found = store.ok("GET", store.of(consent["name"]))
            assert found["policies"] == [policy()]
            if not consent["state"].endswith("?"):  # else whether it was withdrawn was not answered
                assert found == consent
            artifact = store.ok("GET", store.of(found["consentArtifact"]))
            assert base64.b64decode(artifact["consentContentScreenshots"][0]["rawBytes"]).decode() == user
        with emulator.database() as database:
            counted = "SELECT b.refs, (SELECT count(*) FROM consent_images WHERE blob = b.id) FROM blobs b"
            assert all(refs == owners for refs, owners in database.execute(counted))
            latest = "SELECT count(*) FROM consent_revisions GROUP BY store, id HAVING sum(latest) != 1"
            assert database.execute(latest).fetchall() == []
    store.ok("DELETE")
    with emulator.database() as database:
        assert database.execute("SELECT count(*) FROM blobs").fetchone() == (0,)


@pytest.mark.crash
def test_a_query_that_was_under_way_is_done_after_the_next_start(start_emulator: StartEmulator) -> None:
    emulator = start_emulator("--operations", "delay:1000")
    parent = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"{parent}?datasetId=d", {})
    emulator.request("POST", f"{parent}/d/consentStores?consentStoreId=c", {})
    store = ConsentStore(emulator, f"{parent.removeprefix('/v1/')}/d/consentStores/c")
    store.define("purpose", "research", category="REQUEST")
    store.consent("p1")
    store.map("d1")
    bucket = transfers.make_bucket(emulator, "accessible", "roles/storage.objectAdmin")
    body = {"requestAttributes": {"purpose": "research"}, "gcsDestination": {"uriPrefix": f"gs://{bucket}"}}
    operation = transfers.start(emulator, store.name, "queryAccessibleData", body)
    emulator.kill()
    emulator.options = ()
    emulator.start()
    done = transfers.wait(emulator, operation)
    assert done["metadata"]["counter"] == {"success": "1"}
    assert transfers.download(emulator, bucket, done["response"]["gcsUris"][0].rpartition("/")[2]) == b"d1\n"

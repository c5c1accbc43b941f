"""What follows a stored instance: how soon its row is in BigQuery, and its notification with a subscriber."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import requests

from benchmarks.corpus import BOUNDARY, Corpus, Film
from benchmarks.data.pubsub import connected, receiving, topic_of
from benchmarks.data.queries import client_of
from benchmarks.figures import Figure
from benchmarks.running import LOCATION, PROJECT, Running, running_emulator
from scripts.demonstration.places import Places

RATE, SECONDS = 50, 20
_GOAL = 200.0  # milliseconds
_THREADS, _LOOK = 4, 0.01
_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def arrivals(places: Places) -> list[Figure]:
    """The p95 of both waits, from the answer to the store on, at 50 instances a second, once BigQuery is in use."""
    with running_emulator(places, "arrivals") as running, connected(running) as client:
        client.make("stored")
        store, seen = _store(running), dict[str, float]()
        with receiving(running, "stored", RATE * SECONDS + 1) as receiver, _looking(running, seen):
            _send(running, store, range(1))  # which starts BigQuery's engine and makes the table
            while not seen:
                time.sleep(_LOOK)
            answered = _send(running, store, range(1, RATE * SECONDS + 1))
            told = {data.decode().rpartition("/")[2]: at for at, data in receiver.recv()}
            while len(seen) <= len(answered):
                time.sleep(_LOOK)
    return [_figure("its row in BigQuery", answered, seen), _figure("its notification", answered, told)]


def _figure(what: str, answered: dict[str, float], arrived: dict[str, float]) -> Figure:
    waits = sorted(max(0.0, arrived[uid] - at) * 1000 for uid, at in answered.items())
    name = f"an instance stored, {RATE} a second, p95 until {what}"
    return Figure(name, (waits[int(len(waits) * 0.95)],), _GOAL, more_is_better=False, unit="ms")


def _store(running: Running) -> str:
    """The URL of a DICOM store that tells a topic and streams to a table."""
    parent = f"projects/{PROJECT}/locations/{LOCATION}"
    client_of(running).create_dataset("benchmark")
    identities = running.api("serviceusage", "v1beta1").services()
    identities.generateServiceIdentity(parent=f"projects/{PROJECT}/services/healthcare.googleapis.com").execute()
    projects = running.api("cloudresourcemanager", "v1").projects()
    number = projects.get(projectId=PROJECT).execute()["projectNumber"]
    agent = f"serviceAccount:service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com"
    policy = projects.getIamPolicy(resource=PROJECT, body={}).execute()
    for role in ("roles/bigquery.dataEditor", "roles/bigquery.jobUser", "roles/pubsub.publisher"):
        policy["bindings"].append({"role": role, "members": [agent]})
    projects.setIamPolicy(resource=PROJECT, body={"policy": policy}).execute()
    datasets = running.api("healthcare", "v1").projects().locations().datasets()
    datasets.create(parent=parent, datasetId="benchmark", body={}).execute()
    body = {
        "notificationConfig": {"pubsubTopic": topic_of("stored")},
        "streamConfigs": [{"bigqueryDestination": {"tableUri": f"bq://{PROJECT}.benchmark.stored"}}],
    }
    stores = datasets.dicomStores()
    made = stores.create(parent=f"{parent}/datasets/benchmark", dicomStoreId="films", body=body).execute()
    return f"{running.url}/v1/{made['name']}/dicomWeb/studies"


def _send(running: Running, store: str, numbers: range) -> dict[str, float]:
    """Store instances of the corpus at the rate; when each was answered, by its UID."""
    corpus, answered, start = Corpus(pixels=False), dict[str, float](), time.monotonic()
    each = threading.local()

    def one(number: int) -> None:
        session = each.__dict__.setdefault("session", requests.Session())
        time.sleep(max(0.0, start + (number - numbers.start) / RATE - time.monotonic()))
        headers = {"Authorization": f"Bearer {running.credentials.token}", "Content-Type": _TYPE}
        body = b"".join(corpus.multipart(range(number, number + 1)))
        session.post(store, data=body, headers=headers).raise_for_status()
        answered[Film(number).instance] = time.monotonic()

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(one, numbers))
    return answered


@contextmanager
def _looking(running: Running, seen: dict[str, float]) -> Iterator[None]:
    """Notes when each row is first listed, by its instance's UID."""
    ended = threading.Event()
    url = f"{running.url}/bigquery/v2/projects/{PROJECT}/datasets/benchmark/tables/stored/data"
    headers = {"Authorization": f"Bearer {running.credentials.token}"}

    def look() -> None:
        with requests.Session() as session:
            while not ended.wait(_LOOK):
                asked = {"startIndex": str(len(seen)), "selectedFields": "SOPInstanceUID"}
                found = session.get(url, params=asked, headers=headers)
                for row in found.json().get("rows", []) if found.ok else []:
                    seen[row["f"][0]["v"]] = time.monotonic()

    thread = threading.Thread(target=look)
    thread.start()
    yield
    ended.set()
    thread.join()

"""Confused deputies: nobody reaches through a service what he may not reach himself, and no service what it may not.

Where the caller's right decides, a caller who owns things of his own asks for what is in the vault, and is refused
by the permission that is missing there. Where the right of a service agent decides, the owner asks, and it is lacking.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.conftest import PROJECT
from tests.support.accounts import grant, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

OWN, VAULT = f"{PROJECT}-own", f"{PROJECT}-vault"
LOCATION = f"projects/{PROJECT}/locations/us-central1"
BIGQUERY = f"/bigquery/v2/projects/{PROJECT}"
KEY = f"{LOCATION}/keyRings/vault/cryptoKeys/vault"
MAKES = (
    *("pubsub.subscriptions.create", "pubsub.topics.create", "bigquery.jobs.create", "cloudscheduler.jobs.create"),
    *("run.jobs.create", "run.operations.get", "composer.environments.create"),
)
"""What the caller may do in the project: make things of his own."""
HEALTHCARE = (
    *("healthcare.datasetAdmin", "healthcare.dicomStoreAdmin", "healthcare.fhirStoreAdmin"),
    *("healthcare.dicomEditor", "healthcare.fhirResourceEditor"),
)


@dataclass(frozen=True)
class Scene:
    """An emulator with two sets of things, and somebody who has every right on one of them."""

    running: RunningEmulator
    caller: str
    vault_account: str

    def ask(self, token: str | None, method: str, path: str, body: Any) -> str:
        """How a call ends, its job or operation included: "" or the words of the error."""
        path, text = (each.replace("VAULT-ACCOUNT", self.vault_account) for each in (path, json.dumps(body)))
        status, answer = self.running.request(method, path, json.loads(text), token)
        if status >= 400:
            return json.dumps(answer)
        if isinstance(answer, dict) and "jobReference" in answer:
            answer = self._ended(f"{BIGQUERY}/jobs/{answer['jobReference']['jobId']}", token)
            return json.dumps(answer["status"].get("errorResult", ""))
        if isinstance(answer, dict) and "/operations/" in str(answer.get("name")):
            answer = self._ended(f"/{path.split('/')[1]}/{answer['name']}", None)
            return json.dumps(answer.get("error", ""))
        return json.dumps("")

    def _ended(self, path: str, token: str | None) -> Any:
        return eventually(
            lambda: self.running.request("GET", path, token=token)[1],
            lambda answer: answer.get("done") or answer.get("status", {}).get("state") == "DONE",
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    running = RunningEmulator(tmp_path_factory.mktemp("deputies") / "state", PROJECT).start()
    try:
        yield _set(running)
    finally:
        running.stop()


def _set(running: RunningEmulator) -> Scene:
    caller, vault = make_account(running, "caller"), make_account(running, "vault-account")

    def make(method: str, path: str, body: Any) -> None:
        status, answer = running.request(method, path, body)
        assert status == 200, (path, answer)

    for name in ("own", "vault"):
        make("POST", f"/storage/v1/b?project={PROJECT}", {"name": f"{PROJECT}-{name}"})
        make("POST", f"/upload/storage/v1/b/{PROJECT}-{name}/o?uploadType=media&name=thing", {"a": name})
        make("PUT", f"/v1/projects/{PROJECT}/topics/{name}", {})
        make("PUT", f"/v1/projects/{PROJECT}/subscriptions/{name}", {"topic": f"projects/{PROJECT}/topics/{name}"})
        make(
            "PUT",
            f"/v1/projects/{PROJECT}/snapshots/{name}",
            {"subscription": f"projects/{PROJECT}/subscriptions/{name}"},
        )
        make("POST", f"{BIGQUERY}/datasets", {"datasetReference": {"datasetId": name}})
        make(
            "POST", f"{BIGQUERY}/queries", {"query": f"CREATE TABLE {name}.thing AS SELECT 1 a", "useLegacySql": False}
        )
        make("POST", f"/v1/{LOCATION}/datasets?datasetId={name}", {})
        for kind in ("dicom", "fhir", "hl7V2"):
            body = {"version": "R4"} if kind == "fhir" else {}
            make("POST", f"/v1/{LOCATION}/datasets/{name}/{kind}Stores?{kind}StoreId=store", body)
    sealed = {"datasetReference": {"datasetId": "sealed"}, "location": "us-central1"}
    make("POST", f"{BIGQUERY}/datasets", sealed)
    make("POST", f"/v1/{LOCATION}/keyRings?keyRingId=vault", {})
    make("POST", f"/v1/{LOCATION}/keyRings/vault/cryptoKeys?cryptoKeyId=vault", {"purpose": "ENCRYPT_DECRYPT"})
    account = f"projects/{PROJECT}/serviceAccounts/{vault.email}"
    make("POST", f"/v1/{account}:setIamPolicy", {"policy": {"bindings": []}})
    make("POST", f"/v1/projects/{PROJECT}/roles", {"roleId": "maker", "role": {"includedPermissions": [*MAKES]}})
    grant(running, f"projects/{PROJECT}", caller.member, f"projects/{PROJECT}/roles/maker")
    grant(running, f"buckets/{OWN}", caller.member, "roles/storage.admin")
    own = {f"projects/{PROJECT}/{each}/own": ("pubsub.admin",) for each in ("topics", "subscriptions", "snapshots")}
    for resource, roles in {**own, f"{LOCATION}/datasets/own": HEALTHCARE}.items():
        bindings = [{"role": f"roles/{role}", "members": [caller.member]} for role in roles]
        make("POST", f"/v1/{resource}:setIamPolicy", {"policy": {"bindings": bindings}})
    access = [{"role": "OWNER", "userByEmail": caller.email}, {"role": "OWNER", "specialGroup": "projectOwners"}]
    make("PATCH", f"{BIGQUERY}/datasets/own", {"access": access})
    return Scene(running, caller.token, vault.email)


def query(text: str) -> tuple[str, str, Any]:
    return ("POST", f"{BIGQUERY}/queries", {"query": text, "useLegacySql": False})


def job(**configuration: Any) -> tuple[str, str, Any]:
    return ("POST", f"{BIGQUERY}/jobs", {"configuration": configuration})


def table(dataset: str, name: str = "thing") -> dict[str, str]:
    return {"projectId": PROJECT, "datasetId": dataset, "tableId": name}


def subscription(**body: Any) -> tuple[str, str, Any]:
    body = {"topic": f"projects/{PROJECT}/topics/own", **body}
    return ("PUT", f"/v1/projects/{PROJECT}/subscriptions/deputy", body)


def scheduled(**target: Any) -> tuple[str, str, Any]:
    body = {"name": f"{LOCATION}/jobs/deputy", "schedule": "0 0 1 1 *", "timeZone": "UTC", **target}
    return ("POST", f"/v1/{LOCATION}/jobs", body)


def as_account(verb: str, **body: Any) -> tuple[str, str, Any]:
    return ("POST", f"/v1/projects/-/serviceAccounts/VAULT-ACCOUNT:{verb}", body)


EXTERNAL = {"x": {"sourceFormat": "CSV", "sourceUris": [f"gs://{VAULT}/thing"], "autodetect": True}}
READ, WRITE, GET, CREATE, REPLACE = (
    "does not have permission to query table",
    "bigquery.tables.updateData",
    "storage.objects.get",
    "storage.objects.create",
    "storage.objects.delete",
)
STORAGE, ACT = "/storage/v1/b", "iam.serviceAccounts.actAs"
DEIDENTIFY = {"config": {"dicom": {"filterProfile": "MINIMAL_KEEP_LIST_PROFILE"}}}
CALLERS = {
    "an object is copied out": (("POST", f"{STORAGE}/{VAULT}/o/thing/copyTo/b/{OWN}/o/x", {}), GET),
    "an object is rewritten out": (("POST", f"{STORAGE}/{VAULT}/o/thing/rewriteTo/b/{OWN}/o/x", {}), GET),
    "an object is copied in": (("POST", f"{STORAGE}/{OWN}/o/thing/copyTo/b/{VAULT}/o/x", {}), CREATE),
    "a query reads": (query("SELECT * FROM vault.thing"), READ),
    "a table is made of another": (query("CREATE OR REPLACE TABLE own.x AS SELECT * FROM vault.thing"), READ),
    "a view is made": (query("CREATE OR REPLACE VIEW own.v AS SELECT * FROM vault.thing"), READ),
    "a table is cloned": (query("CREATE OR REPLACE TABLE own.c CLONE vault.thing"), READ),
    "rows are written": (query("INSERT INTO vault.thing SELECT a FROM own.thing"), WRITE),
    "rows are exported in": (query(f"EXPORT DATA OPTIONS(uri='gs://{VAULT}/e-*', format='CSV') AS SELECT 1 a"), CREATE),
    "a load by SQL": (query(f"LOAD DATA INTO own.l FROM FILES(format='CSV', uris=['gs://{VAULT}/thing'])"), GET),
    "a load": (
        job(load={"sourceUris": [f"gs://{VAULT}/thing"], "destinationTable": table("own", "l"), "autodetect": True}),
        GET,
    ),
    "an extract in": (job(extract={"sourceTable": table("own"), "destinationUris": [f"gs://{VAULT}/x"]}), REPLACE),
    "an extract out": (
        job(extract={"sourceTable": table("vault"), "destinationUris": [f"gs://{OWN}/x"]}),
        "bigquery.tables.",
    ),
    "a copy of a table": (
        job(copy={"sourceTable": table("vault"), "destinationTable": table("own", "y")}),
        "bigquery.tables.",
    ),
    "an external table": (
        job(query={"query": "SELECT * FROM x", "useLegacySql": False, "tableDefinitions": EXTERNAL}),
        GET,
    ),
    "a result is kept": (
        job(query={"query": "SELECT 1 a", "useLegacySql": False, "destinationTable": table("vault", "z")}),
        "bigquery.tables.create",
    ),
    "a subscription": (subscription(topic=f"projects/{PROJECT}/topics/vault"), "permission"),
    "a push as somebody": (
        subscription(
            pushConfig={"pushEndpoint": "http://127.0.0.1:1/", "oidcToken": {"serviceAccountEmail": "VAULT-ACCOUNT"}}
        ),
        ACT,
    ),
    "a seek": (
        ("POST", f"/v1/projects/{PROJECT}/subscriptions/own:seek", {"snapshot": f"projects/{PROJECT}/snapshots/vault"}),
        "permission",
    ),
    "a snapshot": (
        ("PUT", f"/v1/projects/{PROJECT}/snapshots/x", {"subscription": f"projects/{PROJECT}/subscriptions/vault"}),
        "permission",
    ),
    "a schedule publishes": (
        scheduled(pubsubTarget={"topicName": f"projects/{PROJECT}/topics/vault", "data": "YQ=="}),
        "pubsub.topics.publish",
    ),
    "a schedule calls as somebody": (
        scheduled(httpTarget={"uri": "http://127.0.0.1:1/", "oidcToken": {"serviceAccountEmail": "VAULT-ACCOUNT"}}),
        ACT,
    ),
    "a job runs as somebody": (
        (
            "POST",
            f"/v2/{LOCATION}/jobs?jobId=deputy",
            {"template": {"template": {"serviceAccount": "VAULT-ACCOUNT", "containers": [{"image": "x"}]}}},
        ),
        ACT,
    ),
    "a key of somebody": (
        ("POST", f"/v1/projects/{PROJECT}/serviceAccounts/VAULT-ACCOUNT/keys", {}),
        "iam.serviceAccountKeys.create",
    ),
    "images are de-identified in": (
        (
            "POST",
            f"/v1/{LOCATION}/datasets/own/dicomStores/store:deidentify",
            {"destinationStore": f"{LOCATION}/datasets/vault/dicomStores/store", **DEIDENTIFY},
        ),
        "healthcare.dicomStores.dicomWebWrite",
    ),
    "resources are de-identified in": (
        (
            "POST",
            f"/v1/{LOCATION}/datasets/own/fhirStores/store:deidentify",
            {"destinationStore": f"{LOCATION}/datasets/vault/fhirStores/store", "config": {}},
        ),
        "healthcare.fhirResources.update",
    ),
    "a dataset is de-identified": (
        (
            "POST",
            f"/v1/{LOCATION}/datasets/own:deidentify",
            {"destinationDataset": f"{LOCATION}/datasets/new", **DEIDENTIFY},
        ),
        "healthcare.datasets.create",
    ),
    "a console of somebody": (
        ("POST", "/_emulator/console", {"serviceAccount": "VAULT-ACCOUNT"}),
        "iam.serviceAccounts.getAccessToken",
    ),
    "a viewer": (
        ("POST", "/_emulator/viewer", {"store": f"{LOCATION}/datasets/vault/dicomStores/store"}),
        "healthcare.dicomStores.dicomWebRead",
    ),
}


IMPERSONATING = {
    "a token of somebody": (as_account("generateAccessToken", scope=["x"]), "iam.serviceAccounts.getAccessToken"),
    "an ID token of somebody": (as_account("generateIdToken", audience="x"), "iam.serviceAccounts.getOpenIdToken"),
    "a signature of somebody": (as_account("signBlob", payload="YQ=="), "iam.serviceAccounts.signBlob"),
    "a JWT of somebody": (as_account("signJwt", payload="{}"), "iam.serviceAccounts.signJwt"),
}
"""What no role of an owner holds either: roles/iam.serviceAccountTokenCreator has it."""


@pytest.mark.parametrize("what", IMPERSONATING)
def test_nobody_acts_as_another_without_the_right(scene: Scene, what: str) -> None:
    call, permission = IMPERSONATING[what]
    assert permission in scene.ask(scene.caller, *call)


@pytest.mark.parametrize("what", CALLERS)
def test_the_callers_right_decides(scene: Scene, what: str) -> None:
    """What is refused to the caller is done for the owner: nothing else was wrong with it."""
    call, permission = CALLERS[what]
    said = scene.ask(scene.caller, *call)
    assert permission in said, said
    assert "permission" in said.lower() or "does not have" in said, said
    assert permission not in scene.ask(None, *call)


def of_store(kind: str, verb: str, **body: Any) -> tuple[str, str, Any]:
    return ("POST", f"/v1/{LOCATION}/datasets/own/{kind}Stores/store:{verb}", body)


IN, OUT = {"uri": f"gs://{VAULT}/**"}, {"uriPrefix": f"gs://{VAULT}/out"}
TABLES = {"tableUri": f"bq://{PROJECT}.vault.images"}
AGENTS = {
    "DICOM is imported": of_store("dicom", "import", gcsSource=IN),
    "FHIR is imported": of_store("fhir", "import", gcsSource=IN),
    "HL7v2 is imported": of_store("hl7V2", "import", gcsSource=IN),
    "DICOM is exported": of_store("dicom", "export", gcsDestination=OUT),
    "FHIR is exported": of_store("fhir", "export", gcsDestination=OUT),
    "HL7v2 is exported": of_store("hl7V2", "export", gcsDestination=OUT),
    "DICOM is exported to a table": of_store("dicom", "export", bigqueryDestination=TABLES),
    "FHIR is exported to tables": of_store(
        "fhir",
        "export",
        bigqueryDestination={"datasetUri": f"bq://{PROJECT}.vault", "schemaConfig": {"schemaType": "ANALYTICS"}},
    ),
    "a filter is read": of_store(
        "dicom",
        "deidentify",
        destinationStore=f"{LOCATION}/datasets/vault/dicomStores/store",
        filterConfig={"resourcePathsGcsUri": f"gs://{VAULT}/thing"},
        **DEIDENTIFY,
    ),
    "a configuration is read": of_store(
        "dicom",
        "deidentify",
        destinationStore=f"{LOCATION}/datasets/vault/dicomStores/store",
        gcsConfigUri=f"gs://{VAULT}/thing",
    ),
    "objects are told of": (
        "POST",
        f"{STORAGE}/{VAULT}/notificationConfigs",
        {"topic": f"//pubsub.googleapis.com/projects/{PROJECT}/topics/vault", "payload_format": "NONE"},
    ),
    "messages are written to a table": subscription(bigqueryConfig={"table": f"{PROJECT}.vault.thing"}),
    "messages are written to objects": subscription(cloudStorageConfig={"bucket": VAULT}),
    "a bucket has a key": (
        "POST",
        f"{STORAGE}?project={PROJECT}",
        {"name": f"{PROJECT}-sealed", "location": "us-central1", "encryption": {"defaultKmsKeyName": KEY}},
    ),
    "a topic has a key": ("PUT", f"/v1/projects/{PROJECT}/topics/sealed", {"kmsKeyName": KEY}),
    "a dataset has a key": (
        "POST",
        f"/v1/{LOCATION}/datasets?datasetId=sealed",
        {"encryptionSpec": {"kmsKeyName": KEY}},
    ),
    "a table has a key": query(f"CREATE TABLE sealed.sealed (a INT64) OPTIONS(kms_key_name='{KEY}')"),
}


@pytest.mark.parametrize("what", AGENTS)
def test_the_agents_right_decides(scene: Scene, what: str) -> None:
    said = scene.ask(None, *AGENTS[what]).lower()
    assert any(words in said for words in ("permission", "access", "grant")), said


def test_a_part_of_a_batch_is_the_callers(scene: Scene) -> None:
    part = f"GET {STORAGE}/{VAULT}/o/thing?alt=json HTTP/1.1\r\n\r\n"
    body = f"--b\r\nContent-Type: application/http\r\n\r\n{part}\r\n--b--\r\n"
    headers = {"Authorization": f"Bearer {scene.caller}", "Content-Type": "multipart/mixed; boundary=b"}
    answer = requests.post(f"{scene.running.base_url}/batch/storage/v1", body, headers=headers, timeout=PATIENCE)
    assert GET in answer.text
    assert "HTTP/1.1 403" in answer.text


def test_a_wrapped_key_is_unwrapped_by_the_agents_right(scene: Scene) -> None:
    sealed = scene.running.request("POST", f"/v1/{KEY}:encrypt", {"plaintext": base64.b64encode(b"k" * 32).decode()})[1]
    wrapped = {"cryptoKey": KEY, "wrappedKey": sealed["ciphertext"]}
    transformation = {"infoTypes": [], "cryptoHashConfig": {"kmsWrapped": wrapped}}
    config = {"text": {"transformations": [transformation]}, **DEIDENTIFY["config"]}
    destination = f"{LOCATION}/datasets/vault/dicomStores/store"
    said = scene.ask(None, *of_store("dicom", "deidentify", destinationStore=destination, config=config))
    assert "Cloud KMS" in said

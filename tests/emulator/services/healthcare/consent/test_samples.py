"""The steps of Google's how-to pages on consents, with Google's client for Python, in both versions.

Pages: "Creating and managing consent stores", "Configuring consent policies", "Registering user data", "Creating and
updating user consents", "Making access determinations".
"""

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests
from googleapiclient.errors import HttpError

from tests.emulator.services.healthcare import transfers
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

WHO = {"requester_identity": "internal-researcher"}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_steps_of_googles_pages_work(
    google_api: Callable[[str, str], Any],
    emulator: RunningEmulator,
    dataset: str,
    unique: Callable[[str], str],
    version: str,
) -> None:
    stores = google_api("healthcare", version).projects().locations().datasets().consentStores()
    name = make(stores, dataset, unique("consents"))
    artifact, consent, mapping = record(stores, name)
    decide(stores, name, artifact, consent)
    assert accessible(stores, name, emulator, unique("bucket")) == b"projects/p/studies/1.2.3\n"
    clean_up(stores, name, artifact, consent, mapping)


def make(stores: Any, dataset: str, store_id: str) -> str:
    """A consent store that knows two attributes."""
    settings = {"defaultConsentTtl": "172800s", "enableConsentCreateOnUpdate": False, "labels": {"team": "lung"}}
    name = stores.create(parent=dataset, consentStoreId=store_id, body=settings).execute()["name"]
    assert stores.get(name=name).execute()["defaultConsentTtl"] == "172800s"

    definitions = stores.attributeDefinitions()
    for attribute, category, values in (
        ("data_identifiable", "RESOURCE", ["identifiable", "de-identified"]),
        ("requester_identity", "REQUEST", ["internal-researcher", "external-researcher", "clinical-admin"]),
    ):
        body: dict[str, Any] = {"category": category, "allowedValues": values, "description": "whether it is"}
        definitions.create(parent=name, attributeDefinitionId=attribute, body=body).execute()
    defined = f"{name}/attributeDefinitions/requester_identity"
    change = {"description": "who asks"}
    assert definitions.patch(name=defined, updateMask="description", body=change).execute()["description"] == "who asks"
    assert len(definitions.list(parent=name).execute()["attributeDefinitions"]) == 2
    return str(name)


def record(stores: Any, name: str) -> tuple[str, str, str]:
    """An artifact, the draft of a consent, and a mapping of data."""
    mappings = stores.userDataMappings()
    mapping = mappings.create(
        parent=name,
        body={
            "userId": "patient-1",
            "dataId": "projects/p/studies/1.2.3",
            "resourceAttributes": [{"attributeDefinitionId": "data_identifiable", "values": ["de-identified"]}],
        },
    ).execute()
    assert mappings.get(name=mapping["name"]).execute() == mapping
    assert mappings.list(parent=name, filter='user_id="patient-1"').execute() == {"userDataMappings": [mapping]}

    artifacts, consents = stores.consentArtifacts(), stores.consents()
    document = {"rawBytes": base64.b64encode(b"signed").decode()}
    body: dict[str, Any] = {"userId": "patient-1", "userSignature": {"userId": "patient-1", "image": document}}
    artifact = artifacts.create(parent=name, body=body).execute()["name"]
    assert artifacts.get(name=artifact).execute()["userSignature"]["image"] == document
    rule = {"expression": "requester_identity in ['internal-researcher', 'external-researcher']"}
    resources = [{"attributeDefinitionId": "data_identifiable", "values": ["de-identified"]}]
    body = {
        "userId": "patient-1",
        "policies": [{"resourceAttributes": resources, "authorizationRule": rule}],
        "consentArtifact": artifact,
        "state": "DRAFT",
    }
    return artifact, consents.create(parent=name, body=body).execute()["name"], mapping["name"]


def decide(stores: Any, name: str, artifact: str, consent: str) -> None:
    """Ask before and after the draft is activated."""
    use = {"dataId": "projects/p/studies/1.2.3", "requestAttributes": WHO}
    assert not stores.checkDataAccess(consentStore=name, body=use).execute().get("consented", False)
    listed = {**use, "consentList": {"consents": [consent]}}
    assert stores.checkDataAccess(consentStore=name, body=listed).execute() == {"consented": True}
    activated = stores.consents().activate(name=consent, body={"consentArtifact": artifact, "ttl": "86400s"}).execute()
    assert (activated["state"], "expireTime" in activated) == ("ACTIVE", True)
    assert stores.checkDataAccess(consentStore=name, body=use).execute() == {"consented": True}
    of_user = {"userId": "patient-1", "requestAttributes": WHO, "responseView": "FULL"}
    [result] = stores.evaluateUserConsents(consentStore=name, body=of_user).execute()["results"]
    assert result["consentDetails"] == {consent: {"evaluationResult": "HAS_SATISFIED_POLICY"}}


def accessible(stores: Any, name: str, emulator: RunningEmulator, bucket: str) -> bytes:
    """The file of what may be used."""
    transfers.make_bucket(emulator, bucket, "roles/storage.objectAdmin")
    body = {"requestAttributes": WHO, "gcsDestination": {"uriPrefix": f"gs://{bucket}"}}
    started = stores.queryAccessibleData(consentStore=name, body=body).execute()
    done = transfers.wait(emulator, started["name"])
    [uri] = done["response"]["gcsUris"]
    return transfers.download(emulator, bucket, uri.rpartition("/")[2])


def clean_up(stores: Any, name: str, artifact: str, consent: str, mapping: str) -> None:
    """Withdraw the consent and delete all."""
    consents, artifacts, mappings = stores.consents(), stores.consentArtifacts(), stores.userDataMappings()
    revoked = consents.revoke(name=consent, body={}).execute()
    assert revoked["state"] == "REVOKED"
    use = {"dataId": "projects/p/studies/1.2.3", "requestAttributes": WHO}
    assert stores.checkDataAccess(consentStore=name, body=use).execute() == {}
    revisions = consents.listRevisions(name=consent).execute()["consents"]
    assert [each["state"] for each in revisions] == ["REVOKED", "ACTIVE", "DRAFT"]
    consents.deleteRevision(name=f"{consent}@{revisions[-1]['revisionId']}").execute()
    mappings.archive(name=mapping, body={}).execute()
    with pytest.raises(HttpError) as refused:
        artifacts.delete(name=artifact).execute()
    assert refused.value.status_code == 400
    consents.delete(name=consent).execute()
    artifacts.delete(name=artifact).execute()
    mappings.delete(name=mapping).execute()
    for attribute in ("data_identifiable", "requester_identity"):
        stores.attributeDefinitions().delete(name=f"{name}/attributeDefinitions/{attribute}").execute()
    stores.delete(name=name).execute()


def test_bodies_are_taken_as_the_curl_lines_of_googles_pages_have_them(
    google_api: Callable[[str, str], Any], emulator: RunningEmulator, dataset: str, unique: Callable[[str], str]
) -> None:
    """A media type of its own, single quotes, names with underscores, commas after the last entry, times in parts."""
    stores = google_api("healthcare", "v1").projects().locations().datasets().consentStores()
    name = stores.create(parent=dataset, consentStoreId=unique("curl"), body={}).execute()["name"]

    def post(path: str, text: str) -> Any:
        headers = {
            "Authorization": f"Bearer {emulator.owner_token}",
            "Content-Type": "application/consent+json; charset=utf-8",
        }
        answer = requests.post(f"{emulator.base_url}/v1/{name}{path}", text, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    post(
        "/attributeDefinitions?attribute_definition_id=requester_identity",
        "{\n 'category': 'REQUEST',\n 'allowed_values': [\n 'clinical-admin'\n ],\n }",
    )
    artifact = post(
        "/consentArtifacts",
        "{'user_id': 'u', 'user_signature' : {'user_id': 'u', 'signature_time': {'seconds': 1577836800 }, },}",
    )
    assert artifact["userSignature"]["signatureTime"] == "2020-01-01T00:00:00Z"
    rule = '"expression": "requester_identity == \'clinical-admin\'",'
    consent = f'{{"user_id": "u", "policies": [{{"authorization_rule": {{ {rule} }} }}], "consent_artifact": '
    post("/consents", f'{consent}"{artifact["name"]}"}}')
    post("/userDataMappings", "{'user_id': 'u', 'data_id' : 'd'}")
    use = "{'dataId' : 'd', 'requestAttributes': {'requester_identity': 'clinical-admin'}}"
    assert post(":checkDataAccess", use) == {"consented": True}

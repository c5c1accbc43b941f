"""Consent stores whose contents are encrypted by versions of the dataset's key."""

from typing import Any

import pytest

from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import destroy, rotate, set_state

ATTRIBUTES = {"use": "care"}
USE = {"dataId": "film", "requestAttributes": ATTRIBUTES}


@pytest.fixture
def store(encrypting: RunningEmulator, encrypted_dataset: str) -> str:
    """The path of a store in a dataset with a key, in which data are of a kind: film or note."""
    ask(encrypting, "POST", f"{encrypted_dataset}/consentStores?consentStoreId=c", {})
    store = f"{encrypted_dataset}/consentStores/c"
    for name, category, values in (("kind", "RESOURCE", ["kind-film", "kind-note"]), ("use", "REQUEST", ["care"])):
        definition = {"category": category, "allowedValues": values}
        ask(encrypting, "POST", f"{store}/attributeDefinitions?attributeDefinitionId={name}", definition)
    return store


def consent(emulator: RunningEmulator, store: str) -> str:
    """A consent to the use of films for care, with an image of its document; its path."""
    signature = {"userId": "Ann", "image": {"rawBytes": "c2lnbmVk"}}
    artifact = ask(emulator, "POST", f"{store}/consentArtifacts", {"userId": "Ann", "userSignature": signature})
    wanted = [{"attributeDefinitionId": "kind", "values": ["kind-film"]}]
    policy: Any = {"resourceAttributes": wanted, "authorizationRule": {"expression": "use == 'care'"}}
    body = {"userId": "Ann", "consentArtifact": artifact["name"], "policies": [policy]}
    return f"/v1/{ask(emulator, 'POST', f'{store}/consents', body)['name']}"


def mapping(emulator: RunningEmulator, store: str, data: str) -> str:
    """A mapping of a film to Ann; its path."""
    attributes = [{"attributeDefinitionId": "kind", "values": ["kind-film"]}]
    body = {"userId": "Ann", "dataId": data, "resourceAttributes": attributes}
    return f"/v1/{ask(emulator, 'POST', f'{store}/userDataMappings', body)['name']}"


def test_attributes_of_data_are_encrypted_and_still_decide(encrypting: RunningEmulator, store: str) -> None:
    consent(encrypting, store)
    made = mapping(encrypting, store, "film")
    assert ask(encrypting, "POST", f"{store}:checkDataAccess", USE) == {"consented": True}
    found = ask(encrypting, "POST", f"{store}:evaluateUserConsents", {"userId": "Ann", "requestAttributes": ATTRIBUTES})
    assert found == {"results": [{"dataId": "film", "consented": True}]}
    with encrypting.database() as database:
        name = made.rpartition("/")[2]
        sql = "SELECT m.*, r.body FROM consent_mappings m JOIN consent_revisions r USING (store) WHERE m.id = ?"
        assert "kind" not in repr(database.execute(sql, (name,)).fetchall())


def test_what_a_destroyed_version_encrypted_permits_nothing(
    encrypting: RunningEmulator, store: str, healthcare_key: str
) -> None:
    agreed, mapped = consent(encrypting, store), mapping(encrypting, store, "film")
    rotate(encrypting, healthcare_key)
    set_state(encrypting, healthcare_key, "DISABLED")
    assert encrypting.request("POST", f"{store}:checkDataAccess", USE)[0] == 400
    destroy(encrypting, f"{healthcare_key}/cryptoKeyVersions/1")
    assert encrypting.request("GET", mapped)[0] == 404
    mapping(encrypting, store, "film")
    assert ask(encrypting, "POST", f"{store}:checkDataAccess", USE) == {}
    left = ask(encrypting, "GET", agreed)
    assert (left["state"], left["userId"], left.get("policies")) == ("ACTIVE", "Ann", None)
    assert "userSignature" not in ask(encrypting, "GET", f"/v1/{left['consentArtifact']}")
    assert ask(encrypting, "POST", f"{agreed}:revoke", {})["state"] == "REVOKED"


def test_what_can_not_be_read_can_be_deleted(encrypting: RunningEmulator, store: str, healthcare_key: str) -> None:
    agreed, mapped = consent(encrypting, store), mapping(encrypting, store, "film")
    rotate(encrypting, healthcare_key)
    set_state(encrypting, healthcare_key, "DISABLED")
    for path in (agreed, mapped):
        assert encrypting.request("GET", path)[0] == 400
        assert encrypting.request("DELETE", path)[0] == 200
        assert encrypting.request("GET", path)[0] == 404

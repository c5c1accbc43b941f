"""Admin policies and the consent config of a store."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json, issue
from tests.emulator.services.healthcare.fhir.consents.scenario import (
    ACTOR,
    CONFIG,
    DENIED,
    MakeStore,
    apply,
    apply_policies,
    get,
    name_of,
)
from tests.support.emulator import RunningEmulator


def test_admin_policies_are_shown_and_replaced(emulator: RunningEmulator, store: FhirStore, healthcare: Any) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    apply_policies(emulator, store, "research")
    named = [name_of(store, "research")]
    assert stores.get(name=store.name).execute()["consentConfig"] == {**CONFIG, "enforcedAdminConsents": named}
    body = {"consentConfig": {"version": "V1", "accessEnforced": False, "enforcedAdminConsents": ["x"]}}
    patched = stores.patch(name=store.name, updateMask="consentConfig", body=body).execute()["consentConfig"]
    assert patched == {"version": "V1", "accessEnforced": False, "enforcedAdminConsents": named}
    assert get(store, "Patient/darcy", ACTOR).status_code == 200
    assert apply_policies(emulator, store)["metadata"]["counter"] == {"secondarySuccess": "7"}
    assert "enforcedAdminConsents" not in stores.get(name=store.name).execute()["consentConfig"]


def test_what_was_applied_goes_with_the_consent_config(
    emulator: RunningEmulator, store: FhirStore, healthcare: Any
) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    apply(emulator, store)
    apply_policies(emulator, store, "research")
    stores.patch(name=store.name, updateMask="consentConfig", body={}).execute()
    assert get(store, "Patient/darcy", ACTOR).status_code == 200
    again = stores.patch(name=store.name, updateMask="consentConfig", body={"consentConfig": CONFIG}).execute()
    assert again["consentConfig"] == CONFIG
    assert issue(get(store, "Observation/blood", f"{ACTOR} env/App/123")) == DENIED
    assert issue(get(store, "Patient/darcy", f"{ACTOR} purp/v3/BIORCH env/App/golden")) == DENIED


def test_admin_policies_are_refused_with_a_reason_for_each(store: FhirStore, healthcare: Any) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    names = [name_of(store, "app"), f"{store.name}/fhir/Consent/research", name_of(store, "research")]
    with pytest.raises(HttpError) as refused:
        stores.applyAdminConsents(name=store.name, body={"newConsentsList": {"names": names}}).execute()
    assert refused.value.resp.status == 400
    (detail,) = refused.value.error_details
    assert detail["@type"].endswith("ApplyAdminConsentsErrorDetail")
    assert [each["name"] for each in detail["consentErrors"]] == names[:2]
    assert "is no admin policy" in detail["consentErrors"][0]["error"]["message"]
    with pytest.raises(HttpError, match="newConsentsList is required"):
        stores.applyAdminConsents(name=store.name, body={}).execute()


@pytest.mark.parametrize("method", ["applyConsents", "applyAdminConsents", "explainDataAccess"])
def test_what_needs_a_consent_config(fhir: FhirStore, make_fhir_store: MakeStore, healthcare: Any, method: str) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    given: Json = {"resourceId": "Patient/p"} if method == "explainDataAccess" else {"body": {}}
    with pytest.raises(HttpError, match="set its version to V1 first"):
        getattr(stores, method)(name=fhir.name, **given).execute()
    with pytest.raises(HttpError, match="not supported in R5"):
        getattr(stores, method)(name=make_fhir_store("R5").name, **given).execute()

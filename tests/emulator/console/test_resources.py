"""The pages of FHIR, HL7v2 and consent stores."""

from urllib.parse import parse_qs, urlsplit

from tests.emulator.console import filling
from tests.emulator.console.conftest import DATASET, Browser, Site


def test_patients_are_listed_and_lead_to_all_that_is_about_them(site: Site, owner: Browser) -> None:
    store = filling.fhir_store(site, "records")
    assert "No resource fits." in owner.read("resources", store=store)
    for number, family in enumerate(("Lovelace", "Byron")):
        filling.resource(site, store, filling.patient(number, family))
        filling.resource(site, store, filling.weight(number, 61.5))
    page = owner.read("resources", store=store)
    assert "2 Observation 2 Patient" in page
    assert "Ada Lovelace" in page
    found = owner.read("resources", store=store, query="name=Byron")
    assert "Ada Byron" in found
    assert "Lovelace" not in found
    one = owner.read("resource", store=store, type="Patient", id="p0")
    assert "Body weight; 61.5 kg; final" in one
    weight = owner.get("resource", store=store, type="Observation", id="o0").text
    assert 'type=Patient&amp;id=p0"' in weight


def test_resources_turn_pages(site: Site, owner: Browser) -> None:
    store = filling.fhir_store(site, "pages")
    for number in range(60):
        filling.resource(site, store, filling.patient(number, "Many"))
    first = owner.get("resources", store=store).text
    address = first.partition('aria-label="Pages of the list"')[2].partition('href="')[2].partition('"')[0]
    query = {name: values[0] for name, values in parse_qs(urlsplit(address.replace("&amp;", "&")).query).items()}
    second = owner.get("resources", **query).text
    assert (first.count("Patient/p"), second.count("Patient/p")) == (50, 10)


def test_digits_and_versions_are_shown_as_they_are_stored(site: Site, owner: Browser) -> None:
    store = filling.fhir_store(site, "digits")
    filling.resource(site, store, filling.patient(0, "Digits"))
    body = (
        b'{"resourceType":"Observation","id":"o0","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}'
    )
    site.sent("PUT", f"/v1/{store}/fhir/Observation/o0", body, "application/fhir+json")
    assert '"value": 1.50' in owner.read("resource", store=store, type="Observation", id="o0")
    filling.resource(site, store, filling.patient(0, "Changed"))
    page = owner.get("resource", store=store, type="Patient", id="p0").text
    assert page.count("version=") == 2


def test_a_search_that_the_store_refuses_is_told_in_its_words(site: Site, owner: Browser) -> None:
    store = filling.fhir_store(site, "refusing")
    answer = owner.get("resources", store=store, query="birthdate=nonsense")
    assert answer.status_code == 400
    assert "nonsense" in answer.text
    assert owner.get("resources", store=store, type="../Patient").status_code == 400


def test_messages_are_listed_and_shown(site: Site, owner: Browser) -> None:
    store = filling.hl7v2_store(site, "orders")
    assert "No message fits." in owner.read("hl7v2", store=store)
    name = filling.message(site, store, "Hopper")
    listed = owner.read("hl7v2", store=store)
    assert "ADT" in listed
    assert "2024-01-31 12:00:00" in listed
    assert "Hopper^Ada" in owner.read("message", name=name)
    assert "No message fits." in owner.read("hl7v2", store=store, filter='messageType = "ORU"')


def test_consents_are_listed(site: Site, owner: Browser) -> None:
    site.made(f"/v1/{DATASET}/consentStores?consentStoreId=consents")
    store = f"{DATASET}/consentStores/consents"
    attribute = {"category": "REQUEST", "allowedValues": ["research"]}
    site.made(f"/v1/{store}/attributeDefinitions?attributeDefinitionId=purpose", attribute)
    page = owner.read("consents", store=store)
    assert "purpose REQUEST research" in page
    assert "consents Consent store d (us-central1) empty" in owner.read("")
    artifact = site.made(f"/v1/{store}/consentArtifacts", {"userId": "ada"})["name"]
    consent = {"userId": "ada", "consentArtifact": artifact, "state": "DRAFT", "ttl": "3600s", "policies": []}
    site.made(f"/v1/{store}/consents", consent)
    assert "consents Consent store d (us-central1) 1 consent" in owner.read("")


def test_binaries_are_shown_as_resources_too(site: Site, owner: Browser) -> None:
    store = filling.fhir_store(site, "binaries")
    site.sent("PUT", f"/v1/{store}/fhir/Binary/b0", b"\x00\x01 not JSON", "application/pdf")
    page = owner.read("resource", store=store, type="Binary", id="b0")
    assert '"contentType": "application/pdf"' in page

"""Bodies and parameters against the discovery schemas."""

import gzip
from typing import Any

import httpx
import orjson
import pytest

from emulator.errors import ApiError
from emulator.gateway import validation
from emulator.gateway.discovery import Method, load
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

DOCUMENTS = {name: load(name) for name in ("healthcare.v1", "storage.v1", "pubsub.v1")}


def method(method_id: str) -> Method:
    return next(m for d in DOCUMENTS.values() for m in d.methods if m.id == method_id)


STORE = method("healthcare.projects.locations.datasets.dicomStores.create")
BUCKET = method("storage.buckets.patch")


def body(of: Method, value: Any, *, lenient: bool = False) -> Any:
    return validation.body(of, orjson.dumps(value), lenient=lenient)


def test_an_unknown_field_is_named_with_its_place() -> None:
    with pytest.raises(ApiError) as refused:
        body(STORE, {"notificationConfig": {"topik": "x"}, "colour": 1})
    assert "Unknown name \"topik\" at 'notificationConfig': Cannot find field." in refused.value.message
    assert 'Unknown name "colour": Cannot find field.' in refused.value.message
    assert len(refused.value.details[0]["fieldViolations"]) == 2


def test_json_that_is_sent_as_a_form_is_refused(emulator: RunningEmulator) -> None:
    """GoogleCloudPlatform/healthcare, issue 124: curl -d without a Content-Type."""
    address = f"{emulator.base_url}/v1/projects/{emulator.project}/locations/us-central1/datasets"
    headers = {
        "Authorization": f"Bearer {emulator.owner_token}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = b'{"timeZone":"Mars/Doe.x"}'
    answer = httpx.post(f"{address}?datasetId=form", content=body, headers=headers, timeout=PATIENCE)
    name = '{"timeZone"'
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    made = httpx.post(address, content=b"datasetId=formed", headers=headers, timeout=PATIENCE)
    assert made.status_code == 200
    assert emulator.request("GET", address.removeprefix(emulator.base_url) + "/formed")[0] == 200


def test_both_spellings_of_a_field_are_taken() -> None:
    value = {"notification_config": {"pubsub_topic": "t", "sendForBulkImport": True}}
    assert body(STORE, value) == {"notificationConfig": {"pubsubTopic": "t", "sendForBulkImport": True}}


def test_nulls_are_absent_for_a_strict_service_and_kept_for_a_lenient_one() -> None:
    assert body(STORE, {"labels": None}) == {}
    assert body(BUCKET, {"labels": {"a": None}, "unknown": 1}, lenient=True) == {"labels": {"a": None}}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"labels": ["a"]}, "Invalid value at 'labels'"),
        ({"name": 3}, "Invalid value at 'name' (TYPE_STRING), 3"),
        ({"notificationConfig": {"sendForBulkImport": "perhaps"}}, "(TYPE_BOOL)"),
        ([], "must be a JSON object"),
    ],
)
def test_wrong_types_are_refused(value: Any, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        body(STORE, value)
    assert message in refused.value.message


def test_numbers_of_64_bits_are_strings_whichever_way_they_came() -> None:
    for given in (604800, "604800"):
        policy = body(BUCKET, {"retentionPolicy": {"retentionPeriod": given}}, lenient=True)
        assert policy == {"retentionPolicy": {"retentionPeriod": "604800"}}


def test_json_that_is_none_is_a_parse_error() -> None:
    with pytest.raises(ApiError) as refused:
        validation.body(STORE, b"{", lenient=False)
    assert (refused.value.code, refused.value.reason) == (400, "parseError")


SIGNATURE = "Signature"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"seconds": 0}, "1970-01-01T00:00:00Z"),
        ({"seconds": "1577836800", "nanos": 500_000_000}, "2020-01-01T00:00:00.500Z"),
        ({"seconds": -1, "nanos": 1}, "1969-12-31T23:59:59.000000001Z"),
        ({}, "1970-01-01T00:00:00Z"),
    ],
)
def test_times_may_be_objects_of_their_fields(parts: dict[str, Any], text: str) -> None:
    # Cloud Healthcare: "Creating and updating user consents", signature_time of an artifact.
    document = method("healthcare.projects.locations.datasets.consentStores.consentArtifacts.create").document
    assert validation.conform(document, SIGNATURE, {"signature_time": parts}) == {"signatureTime": text}


@pytest.mark.parametrize(
    "parts",
    [{"seconds": "soon"}, {"minutes": 1}, {"seconds": 10**12}, {"nanos": -1}, {"seconds": 1.5}, {"nanos": 10**9}],
)
def test_objects_that_are_no_time_are_refused(parts: dict[str, Any]) -> None:
    document = method("healthcare.projects.locations.datasets.consentStores.consentArtifacts.create").document
    with pytest.raises(ApiError, match="Invalid value at 'signatureTime'"):
        validation.conform(document, SIGNATURE, {"signatureTime": parts})


def test_durations_may_be_objects_of_their_fields() -> None:
    document = method("healthcare.projects.locations.datasets.consentStores.create").document
    for parts, text in (({"seconds": 86400}, "86400s"), ({"seconds": -1, "nanos": -5_000_000}, "-1.005s")):
        assert validation.conform(document, "ConsentStore", {"defaultConsentTtl": parts}) == {"defaultConsentTtl": text}
    with pytest.raises(ApiError, match="Invalid value at 'defaultConsentTtl'"):
        validation.conform(document, "ConsentStore", {"defaultConsentTtl": {"seconds": 1, "nanos": -1}})


def test_query_parameters_have_their_types() -> None:
    listing = method("healthcare.projects.locations.datasets.dicomStores.list")
    assert validation.query(listing, [("pageSize", "5"), ("alt", "json")], lenient=False) == {"pageSize": 5}
    with pytest.raises(ApiError, match=r"Invalid value at 'pageSize' \(TYPE_INT32\)"):
        validation.query(listing, [("pageSize", "five")], lenient=False)
    with pytest.raises(ApiError, match='Unknown name "color": Cannot bind query parameter'):
        validation.query(listing, [("color", "red")], lenient=False)


def test_names_of_enums_may_be_in_small_letters() -> None:
    # Apache Beam: HttpHealthcareApiClient lists messages so.
    listing = method("healthcare.projects.locations.datasets.hl7V2Stores.messages.list")
    assert validation.query(listing, [("view", "full")], lenient=False) == {"view": "FULL"}
    with pytest.raises(ApiError, match="Invalid value at 'view'"):
        validation.query(listing, [("view", "fuller")], lenient=False)


@pytest.mark.parametrize("text", ["2147483648", "-2147483649", "1" * 39, "1_0", "\u0661", " 1", "1.5"])
def test_a_number_that_its_format_does_not_hold_is_refused(text: str) -> None:
    """proto3's JSON mapping: int32 is decimal, and within 32 bits."""
    listing = method("healthcare.projects.locations.datasets.dicomStores.list")
    with pytest.raises(ApiError, match=r"Invalid value at 'pageSize' \(TYPE_INT32\)"):
        validation.query(listing, [("pageSize", text)], lenient=False)


@pytest.mark.parametrize("value", [2**63, str(2**64), str(-(2**63) - 1), "9" * 39, "1_0", " 7", 1.5, True, []])
def test_a_number_of_64_bits_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(ApiError, match=r"Invalid value at 'retentionPolicy.retentionPeriod' \(TYPE_INT64\)"):
        body(BUCKET, {"retentionPolicy": {"retentionPeriod": value}}, lenient=True)


@pytest.mark.parametrize("value", [2**31, "1_0", "\u0661", 1.5, True, "one"])
def test_a_whole_number_of_a_body_is_one(value: Any) -> None:
    with pytest.raises(ApiError, match=r"Invalid value at 'maxMessages' \(TYPE_INT32\)"):
        body(method("pubsub.projects.subscriptions.pull"), {"maxMessages": value})


def test_a_required_parameter_is_demanded() -> None:
    with pytest.raises(ApiError, match="Required parameter: project"):
        validation.query(method("storage.buckets.insert"), [], lenient=True)


PULL = method("pubsub.projects.subscriptions.pull")
CREATE_TOPIC = method("pubsub.projects.topics.create")
PATCH_TOPIC = method("pubsub.projects.topics.patch")
ACKNOWLEDGE = method("pubsub.projects.subscriptions.acknowledge")


def test_fields_of_a_whole_message_are_taken_from_the_query() -> None:
    """Google's page "FHIR Pub/Sub notifications" pulls with ?maxMessages=10 and an empty body."""
    given = [("maxMessages", "10"), ("alt", "json"), ("returnImmediately", ""), ("colour", "red")]
    rest, message = validation.in_message(PULL, given)
    assert message == {"maxMessages": 10}
    assert rest == [("alt", "json"), ("colour", "red")]
    with pytest.raises(ApiError, match='Unknown name "colour": Cannot bind query parameter'):
        validation.query(PULL, rest, lenient=False)
    assert validation.in_message(PULL, [("max_messages", "3")]) == ([], {"maxMessages": 3})
    repeated = [("ackIds", "a"), ("ackIds", "b")]
    assert validation.in_message(ACKNOWLEDGE, repeated) == ([], {"ackIds": ["a", "b"]})
    with pytest.raises(ApiError, match=r"Invalid value at 'maxMessages' \(TYPE_INT32\)"):
        validation.in_message(PULL, [("maxMessages", "many")])


def test_a_field_in_another_is_named_with_dots_in_the_query() -> None:
    rest, message = validation.in_message(PATCH_TOPIC, [("topic.kmsKeyName", "key"), ("topic.labels", "red")])
    assert message == {"topic": {"kmsKeyName": "key"}}
    assert rest == [("topic.labels", "red")]
    body = {"topic": {"labels": {"a": "1"}, "kmsKeyName": "other"}, "updateMask": "labels"}
    assert validation.merged(body, message) == {**body, "topic": {"labels": {"a": "1"}, "kmsKeyName": "key"}}


def test_fields_of_a_resource_are_not_taken_from_the_query() -> None:
    given = [("kmsKeyName", "key")]
    assert validation.in_message(CREATE_TOPIC, given) == (given, {})


def test_field_masks_are_read_in_either_case() -> None:
    assert validation.field_mask("parser_config.allow_null_header,labels") == ["parserConfig.allowNullHeader", "labels"]
    with pytest.raises(ApiError, match="update_mask is required"):
        validation.field_mask(" ")


def test_a_whole_request_message_may_repeat_what_is_in_the_path() -> None:
    commit = method("pubsub.projects.schemas.commit")
    assert body(commit, {"name": "dicom", "schema": {"type": "AVRO"}}) == {"schema": {"type": "AVRO"}}
    with pytest.raises(ApiError, match='Unknown name "nam": Cannot find field'):
        body(commit, {"nam": "dicom"})


@pytest.mark.parametrize(
    ("packed", "status"),
    [(gzip.compress(b"{}"), 200), (b"{}", 400), (gzip.compress(b"{}")[:-3], 400)],
    ids=["sound", "not gzip", "cut short"],
)
def test_a_gzip_body_is_unpacked_or_refused(emulator: RunningEmulator, packed: bytes, status: int) -> None:
    headers = {"authorization": f"Bearer {emulator.owner_token}", "content-encoding": "gzip"}
    url = f"{emulator.base_url}/v1/projects/{emulator.project}:getIamPolicy"
    assert httpx.post(url, content=packed, headers=headers, timeout=PATIENCE).status_code == status

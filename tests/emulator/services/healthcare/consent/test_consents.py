"""Consents and their states (Cloud Healthcare: consentStores.consents; reference in docs/consent-conformance.md)."""

import re
from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare.consent.conftest import ConsentStore, Json, policy


def test_a_consent_is_active_unless_it_says_otherwise(consents: ConsentStore) -> None:
    artifact = consents.artifact()
    made = consents.consent(consentArtifact=artifact, metadata={"study": "lung-1"})
    assert re.fullmatch(r"[0-9a-f]{8}", made.pop("revisionId"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", made.pop("revisionCreateTime"))
    assert made.pop("name").startswith(f"{consents.name}/consents/")
    expected = {"userId": "p1", "state": "ACTIVE", "policies": [policy()], "metadata": {"study": "lung-1"}}
    assert made == {**expected, "consentArtifact": artifact}
    assert consents.consent(state="STATE_UNSPECIFIED")["state"] == "ACTIVE"
    assert consents.consent(state="DRAFT")["state"] == "DRAFT"


def test_each_change_is_a_revision_and_old_ones_can_be_read(consents: ConsentStore) -> None:
    first = consents.consent(state="DRAFT")
    path = consents.of(first["name"])
    signed = consents.artifact(consentContentVersion="2")
    second = consents.ok("POST", f"{path}:activate", {"consentArtifact": signed})
    assert (second["state"], second["consentArtifact"]) == ("ACTIVE", signed)
    third = consents.ok("PATCH", f"{path}?updateMask=metadata,policies", {"metadata": {"a": "b"}, "policies": []})
    assert ("policies" in third, third["metadata"], third["state"]) == (False, {"a": "b"}, "ACTIVE")
    fourth = consents.ok("POST", f"{path}:revoke", {})
    assert (fourth["state"], fourth["consentArtifact"]) == ("REVOKED", signed)
    assert consents.ok("GET", path) == fourth
    assert consents.ok("GET", f"{path}@{first['revisionId']}") == first
    listed = consents.ok("GET", f"{path}:listRevisions")["consents"]
    assert listed == [fourth, third, second, first]
    assert consents.ok("GET", "/consents")["consents"] == [fourth]


def test_pages_of_revisions_go_on_where_they_ended(consents: ConsentStore) -> None:
    path = consents.of(consents.consent()["name"])
    for number in range(4):
        consents.ok("PATCH", f"{path}?updateMask=metadata", {"metadata": {"n": str(number)}})
    whole = consents.ok("GET", f"{path}:listRevisions")["consents"]
    found: list[Json] = []
    token = ""
    while True:
        page = consents.ok("GET", f"{path}:listRevisions?pageSize=2&pageToken={token}")
        found += page["consents"]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert found == whole
    assert consents.send("GET", f"{path}:listRevisions?pageToken=WyJhYmMiXQ")[0] == 200  # ["abc"]: none is older


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        ("DRAFT", "activate", "ACTIVE"),
        ("DRAFT", "reject", "REJECTED"),
        ("DRAFT", "revoke", "FAILED_PRECONDITION"),
        ("ACTIVE", "activate", "ACTIVE"),
        ("ACTIVE", "reject", "FAILED_PRECONDITION"),
        ("ACTIVE", "revoke", "REVOKED"),
        ("REVOKED", "activate", "FAILED_PRECONDITION"),
        ("REVOKED", "reject", "FAILED_PRECONDITION"),
        ("REVOKED", "revoke", "REVOKED"),
        ("REJECTED", "activate", "FAILED_PRECONDITION"),
        ("REJECTED", "reject", "REJECTED"),
        ("REJECTED", "revoke", "FAILED_PRECONDITION"),
    ],
)
def test_what_takes_a_consent_where(consents: ConsentStore, state: str, verb: str, after: str) -> None:
    made = consents.consent(state=state)
    path, body = consents.of(made["name"]), {"consentArtifact": consents.artifact()}
    if after == "FAILED_PRECONDITION":
        status, message = consents.refused("POST", f"{path}:{verb}", body)
        assert status == after
        assert f"its state is {state}" in message
        assert consents.ok("GET", path) == made
    else:
        moved = consents.ok("POST", f"{path}:{verb}", body)
        assert moved["state"] == after
        assert (moved == made) is (state == after)


@pytest.mark.parametrize("state", ["REVOKED", "REJECTED"])
def test_what_has_ended_cannot_be_updated(consents: ConsentStore, state: str) -> None:
    path = consents.of(consents.consent(state=state)["name"])
    status, _ = consents.refused("PATCH", f"{path}?updateMask=metadata", {"metadata": {"a": "b"}})
    assert status == "FAILED_PRECONDITION"


def test_expiry_is_as_the_consent_says_else_as_the_store_says(make_consents: Callable[..., ConsentStore]) -> None:
    store = make_consents(defaultConsentTtl="86400s")
    given = store.consent(expireTime="2030-01-31T12:00:00.5+01:00")
    assert given["expireTime"] == "2030-01-31T11:00:00.500000Z"
    by_default = store.consent()
    assert by_default["revisionCreateTime"] < by_default["expireTime"] < given["expireTime"]
    assert "ttl" not in store.consent(ttl="3600s")
    store.ok("PATCH", "?updateMask=defaultConsentTtl", {"defaultConsentTtl": "172800s"})
    assert store.ok("GET", store.of(by_default["name"])) == by_default


def test_a_consent_that_expired_in_1970_has_expired(make_consents: Callable[..., ConsentStore]) -> None:
    """The first moment of Unix time is a time as any other, and not "never" or the store's default."""
    store = make_consents(defaultConsentTtl="86400s")
    store.map("film-1", kind="image")
    made = store.consent(expireTime="1970-01-01T00:00:00Z")
    assert made["expireTime"] == "1970-01-01T00:00:00Z"
    assert "consented" not in store.check("film-1", purpose="research")
    draft = store.of(store.consent(state="DRAFT")["name"])
    body = {"consentArtifact": store.artifact(), "expireTime": "1970-01-01T00:00:00Z"}
    assert store.ok("POST", f"{draft}:activate", body)["expireTime"] == "1970-01-01T00:00:00Z"


def test_activation_sets_the_expiry_that_it_names_and_else_keeps_it(consents: ConsentStore) -> None:
    body = {"consentArtifact": consents.artifact()}
    kept = consents.consent(state="DRAFT", expireTime="2030-01-01T00:00:00Z")
    path = consents.of(kept["name"])
    assert consents.ok("POST", f"{path}:activate", body)["expireTime"] == "2030-01-01T00:00:00Z"
    other = consents.of(consents.consent(state="DRAFT")["name"])
    named = {**body, "expireTime": "2031-01-01T00:00:00Z"}
    assert consents.ok("POST", f"{other}:activate", named)["expireTime"] == "2031-01-01T00:00:00Z"


def test_all_revisions_go_with_a_consent_and_its_artifact_stays(consents: ConsentStore) -> None:
    made = consents.consent()
    path = consents.of(made["name"])
    consents.ok("POST", f"{path}:revoke", {})
    assert consents.ok("DELETE", path) == {}
    assert consents.refused("GET", path)[0] == "NOT_FOUND"
    assert consents.refused("GET", f"{path}@{made['revisionId']}")[0] == "NOT_FOUND"
    assert consents.refused("GET", f"{path}:listRevisions")[0] == "NOT_FOUND"
    assert consents.ok("GET", consents.of(made["consentArtifact"]))["name"] == made["consentArtifact"]


def test_a_revision_can_be_deleted_unless_it_is_the_latest(consents: ConsentStore) -> None:
    first = consents.consent()
    path = consents.of(first["name"])
    second = consents.ok("POST", f"{path}:revoke", {})
    status, message = consents.refused("DELETE", f"{path}@{second['revisionId']}:deleteRevision")
    assert status == "INVALID_ARGUMENT"
    assert "latest" in message
    assert consents.ok("DELETE", f"{path}@{first['revisionId']}:deleteRevision") == {}
    assert consents.ok("GET", f"{path}:listRevisions")["consents"] == [second]


def test_an_update_creates_what_is_missing_where_the_store_says_so(make_consents: Callable[..., ConsentStore]) -> None:
    store = make_consents(enableConsentCreateOnUpdate=True)
    body = {"userId": "p1", "policies": [policy()], "consentArtifact": store.artifact()}
    made = store.ok("PATCH", "/consents/lung-1?updateMask=policies", body)
    assert made["name"] == f"{store.name}/consents/lung-1"
    assert (made["state"], made["userId"]) == ("ACTIVE", "p1")
    changed = store.ok("PATCH", "/consents/lung-1?updateMask=userId", {"userId": "p2"})
    assert (changed["userId"], changed["policies"]) == ("p2", made["policies"])
    store.ok("PATCH", "?updateMask=enableConsentCreateOnUpdate", {})
    assert store.refused("PATCH", "/consents/lung-2?updateMask=policies", body)[0] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"userId": ""}, "userId is required."),
        ({"consentArtifact": ""}, "consentArtifact is required."),
        ({"consentArtifact": "x"}, 'Invalid consentArtifact "x": it must be {}/consentArtifacts/ID.'),
        ({"consentArtifact": "{}/consentArtifacts/x"}, "there is no such consent artifact."),
        ({"state": "ARCHIVED"}, "A consent cannot be created in the state ARCHIVED."),
        ({"ttl": "60s", "expireTime": "2030-01-01T00:00:00Z"}, "Only one of expireTime and ttl can be set."),
        ({"ttl": "0s"}, "Invalid ttl 0s: it must be longer than nothing, and end before the year 10000."),
        ({"ttl": "999999999999s"}, "it must be longer than nothing, and end before the year 10000."),
        ({"expireTime": "0001-01-01T00:00:00+14:00"}, "Invalid expireTime"),
        ({"expireTime": "9999-12-31T23:59:59-14:00"}, "Invalid expireTime"),
        ({"expireTime": "2030-01-01"}, "Invalid expireTime"),  # a Timestamp in JSON is RFC 3339, with a zone
        ({"expireTime": "soon"}, 'Invalid expireTime "soon": it must be a time such as 2026-01-31T12:00:00Z.'),
        ({"policies": [policy()] * 11}, "policies has 11 entries; a consent can have at most 10."),
        ({"policies": [{}]}, "policies[0].authorizationRule.expression is required."),
        (
            {"policies": [policy("purpose = 'a'")]},
            "Invalid policies[0].authorizationRule.expression: '=' at character 9",
        ),
        ({"policies": [policy("who == 'a'")]}, '"who" is no attribute of the category REQUEST in this consent store.'),
        ({"policies": [policy("kind == 'image'")]}, '"kind" is no attribute of the category REQUEST'),
        ({"policies": [policy(purpose="care")]}, '"purpose" is no attribute of the category RESOURCE'),
        ({"policies": [policy(kind="x")]}, 'resourceAttributes[0]: "x" is no allowed value of attribute kind.'),
        ({"policies": [policy(kind=())]}, "Invalid policies[0].resourceAttributes[0]: values is required."),
        ({"metadata": {"Study": "a"}}, 'Invalid metadata key "Study": it must be 1 to 63 lower-case letters'),
        ({"metadata": {"1a": "a"}}, 'Invalid metadata key "1a"'),
        ({"metadata": {"a": ""}}, 'Invalid metadata value of "a"'),
        ({"metadata": {f"k{n}": "a" for n in range(65)}}, "metadata has 65 entries; a resource can have at most 64."),
    ],
)
def test_what_no_consent_can_be_is_refused_in_a_sentence(consents: ConsentStore, change: Json, sentence: str) -> None:
    body = {"userId": "p1", "policies": [policy()], "consentArtifact": consents.artifact(), **change}
    if isinstance(change.get("consentArtifact"), str):
        body["consentArtifact"] = change["consentArtifact"].format(consents.name)
    status, message = consents.refused("POST", "/consents", body)
    assert status == "INVALID_ARGUMENT"
    assert sentence.format(consents.name) in message


@pytest.mark.parametrize(
    ("verb", "path", "body", "sentence"),
    [
        ("POST", "{}:activate", {}, "consentArtifact is required."),
        ("POST", "{}@00000000:activate", {}, "a revision ID must not be specified here."),
        ("POST", "{}@00000000:reject", {}, "a revision ID must not be specified here."),
        ("POST", "{}@00000000:revoke", {}, "a revision ID must not be specified here."),
        ("DELETE", "{}@00000000", {}, "a revision ID must not be specified here."),
        ("PATCH", "{}@00000000?updateMask=metadata", {}, "a revision ID must not be specified here."),
        ("GET", "{}@00000000:listRevisions", None, "a revision ID must not be specified here."),
        ("DELETE", "{}:deleteRevision", {}, "a revision ID must be specified, as in CONSENT@REVISION."),
        ("GET", "{}@xyz", None, 'Invalid revision ID "xyz": it must be 8 hexadecimal characters.'),
        ("PATCH", "{}", {}, "updateMask is required: name the fields to change."),
        ("PATCH", "{}?updateMask=state", {"state": "DRAFT"}, "'state' is not a field that can be updated."),
        ("PATCH", "{}?updateMask=userId", {}, "userId is required."),
        ("PATCH", "{}?updateMask=consentArtifact", {}, "consentArtifact is required."),
    ],
)
def test_what_cannot_be_done_to_a_consent(
    consents: ConsentStore, verb: str, path: str, body: Json | None, sentence: str
) -> None:
    made = consents.consent(state="DRAFT")
    status, message = consents.refused(verb, path.format(consents.of(made["name"])), body)
    assert status == "INVALID_ARGUMENT"
    assert sentence in message
    assert consents.ok("GET", consents.of(made["name"])) == made


def test_a_revision_that_is_not_there_is_not_found(consents: ConsentStore) -> None:
    path = consents.of(consents.consent()["name"])
    for verb, suffix in (("GET", ""), ("DELETE", ":deleteRevision")):
        assert consents.refused(verb, f"{path}@00000000{suffix}")[0] == "NOT_FOUND"
    for verb in ("activate", "reject", "revoke"):
        assert (
            consents.refused("POST", f"/consents/none:{verb}", {"consentArtifact": consents.artifact()})[0]
            == "NOT_FOUND"
        )


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('user_id="p1"', "a"),
        ('user_id="p"', ""),
        ('NOT user_id="p1"', "b"),
        ('state="REVOKED"', "b"),
        ('state=ACTIVE OR user_id="p10"', "ab"),
        ('Metadata("study")="lung-1"', "a"),
        ('HasMetadata("study")', "ab"),
        ('HasMetadata("study") AND NOT Metadata("study")="lung-1"', "b"),
        ("revision_create_time > 2020-01-01", "ab"),
        ('revision_create_time < "2020-01-01T00:00:00Z"', ""),
        ('consent_artifact="{artifact}"', "a"),
    ],
)
def test_lists_of_consents_and_revisions_are_filtered(consents: ConsentStore, filter_: str, found: str) -> None:
    from urllib.parse import quote

    artifact = consents.artifact("p1")
    made = {
        "a": consents.consent("p1", metadata={"study": "lung-1"}, consentArtifact=artifact),
        "b": consents.consent("p10", metadata={"study": "lung-2"}, state="REVOKED"),
    }
    text = quote(filter_.format(artifact=artifact))
    listed = consents.ok("GET", f"/consents?filter={text}").get("consents", [])
    assert sorted(each["name"] for each in listed) == sorted(made[key]["name"] for key in found)
    for key, consent in made.items():
        of_one = consents.ok("GET", f"{consents.of(consent['name'])}:listRevisions?filter={text}")
        assert ("consents" in of_one) is (key in found)


@pytest.mark.parametrize(
    ("filter_", "sentence"),
    [
        ('user="p1"', '"user" can not be compared here; these can: user_id, consent_artifact, state'),
        ("p1", '"p1" can not be compared here'),
        ('user_id != "p1"', 'user_id takes "=" only, and NOT before it.'),
        ("revision_create_time > now", 'Invalid value of revision_create_time in filter "now"'),
        ("revision_create_time != 2020-01-01", 'revision_create_time takes "=" only'),
        ('Metadata("a") > "b"', 'Metadata("a") takes "=" only'),
        ('HasMetadata("a") = "b"', '"HasMetadata(a)" can not be compared here'),
        ('Metadata("a")', '"Metadata(a)" can not be compared here'),
        ("(", 'Invalid filter "("'),
    ],
)
def test_what_is_no_filter_is_refused_in_a_sentence(consents: ConsentStore, filter_: str, sentence: str) -> None:
    from urllib.parse import quote

    status, message = consents.refused("GET", f"/consents?filter={quote(filter_)}")
    assert status == "INVALID_ARGUMENT"
    assert sentence in message

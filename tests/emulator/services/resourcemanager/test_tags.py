"""Tags: keys, values and bindings, and conditions that ask for them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import PROJECT
from tests.support.accounts import grant, make_account
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator

PARENT = f"projects/{PROJECT}"
FULL = f"//cloudresourcemanager.googleapis.com/{PARENT}"
Tag = dict[str, Any]


def made(emulator: RunningEmulator, kind: str, body: Tag) -> Tag:
    """What a create answers, whose operation is done."""
    operation = ask(emulator, "POST", f"/v3/{kind}", body)
    assert operation["done"]
    return dict(operation["response"])


@pytest.fixture
def key(running: RunningEmulator, unique: Callable[[str], str]) -> Tag:
    """A new key of the organization."""
    return made(running, "tagKeys", {"parent": "organizations/1", "shortName": unique("env"), "description": "Where"})


@pytest.fixture
def value(running: RunningEmulator, key: Tag) -> Tag:
    """A new value of the key."""
    return made(running, "tagValues", {"parent": key["name"], "shortName": "prod"})


def bind(emulator: RunningEmulator, value: Tag, parent: str = FULL) -> Tag:
    return made(emulator, "tagBindings", {"parent": parent, "tagValue": value["name"]})


def test_keys_and_values_are_found_by_number_and_by_name(running: RunningEmulator, key: Tag, value: Tag) -> None:
    assert key["namespacedName"] == f"1/{key['shortName']}"
    assert value["namespacedName"] == f"{key['namespacedName']}/prod"
    shown = {name: field for name, field in value.items() if name != "@type"}
    assert ask(running, "GET", f"/v3/{value['name']}") == shown
    assert ask(running, "GET", f"/v3/tagValues/namespaced?name={value['namespacedName']}") == shown
    assert ask(running, "GET", f"/v3/tagValues?parent={key['name']}")["tagValues"] == [shown]
    assert (
        running.request("POST", "/v3/tagKeys", {"parent": "organizations/1", "shortName": key["shortName"]})[0] == 409
    )
    assert running.request("POST", "/v3/tagKeys", {"parent": PARENT, "shortName": "-x"})[0] == 400
    assert running.request("POST", "/v3/tagKeys", {"parent": "organizations/9", "shortName": "x"})[0] == 403
    changed = ask(running, "PATCH", f"/v3/{key['name']}?updateMask=description", {"description": "Which"})["response"]
    assert changed["description"] == "Which"


def test_a_key_of_a_project_is_named_by_it(running: RunningEmulator, unique: Callable[[str], str]) -> None:
    name = unique("team")
    own = made(running, "tagKeys", {"parent": PARENT, "shortName": name})
    assert own["namespacedName"] == f"{PROJECT}/{name}"
    assert own["name"] in [each["name"] for each in ask(running, "GET", f"/v3/tagKeys?parent={PARENT}")["tagKeys"]]


def test_what_is_used_is_not_deleted(running: RunningEmulator, key: Tag, value: Tag) -> None:
    binding = bind(running, value)
    for name in (key["name"], value["name"]):
        assert running.request("DELETE", f"/v3/{name}")[0] == 400
    path = f"/v3/tagBindings/{quote(binding['parent'], safe='')}/{value['name']}"
    assert binding["name"] == path.removeprefix("/v3/")
    ask(running, "DELETE", path)
    for name in (value["name"], key["name"]):
        ask(running, "DELETE", f"/v3/{name}")
    assert running.request("GET", f"/v3/{key['name']}")[0] == 403


def test_a_resource_has_one_value_of_a_key_and_inherits_others(running: RunningEmulator, key: Tag, value: Tag) -> None:
    bind(running, value)
    other = made(running, "tagValues", {"parent": key["name"], "shortName": "test"})
    body = {"parent": FULL, "tagValue": other["name"]}
    assert running.request("POST", "/v3/tagBindings", body)[0] == 400
    topic = f"//pubsub.googleapis.com/{PARENT}/topics/t"
    inherited = ask(running, "GET", f"/v3/effectiveTags?parent={topic}")["effectiveTags"]
    assert (value["name"], True) in [(each["tagValue"], each["inherited"]) for each in inherited]
    bind(running, other, topic)
    own = ask(running, "GET", f"/v3/effectiveTags?parent={topic}")["effectiveTags"]
    found = [(each["tagValue"], each["inherited"]) for each in own if each["tagKey"] == key["name"]]
    assert found == [(other["name"], False)]
    listed = ask(running, "GET", f"/v3/tagBindings?parent={topic}")["tagBindings"]
    assert [each["tagValue"] for each in listed] == [other["name"]]


def test_a_grant_holds_where_the_tag_is(
    running: RunningEmulator, key: Tag, value: Tag, unique: Callable[[str], str]
) -> None:
    account = make_account(running, unique("tagged"))
    topics = [f"{PARENT}/topics/{unique('topic')}" for _ in range(2)]
    for topic in topics:
        ask(running, "PUT", f"/v1/{topic}", {})
    condition = f'resource.matchTag("{key["namespacedName"]}", "prod")'
    grant(running, PARENT, account.member, "roles/pubsub.viewer", condition)
    bind(running, value, f"//pubsub.googleapis.com/{topics[0]}")
    codes = [running.request("GET", f"/v1/{topic}", token=account.token)[0] for topic in topics]
    assert codes == [200, 403]


def test_who_may_use_a_value_binds_it_to_what_he_may_tag(
    running: RunningEmulator, value: Tag, unique: Callable[[str], str]
) -> None:
    account = make_account(running, unique("tagger"))
    body = {"parent": FULL, "tagValue": value["name"]}
    assert running.request("POST", "/v3/tagBindings", body, token=account.token)[0] == 403
    policy = {"bindings": [{"role": "roles/resourcemanager.tagUser", "members": [account.member]}]}
    ask(running, "POST", f"/v3/{value['name']}:setIamPolicy", {"policy": policy})
    assert running.request("POST", "/v3/tagBindings", body, token=account.token)[0] == 403
    grant(running, PARENT, account.member, "roles/resourcemanager.tagUser")
    assert running.request("POST", "/v3/tagBindings", body, token=account.token)[0] == 200
    assert running.request("DELETE", f"/v3/{value['name']}", token=account.token)[0] == 403

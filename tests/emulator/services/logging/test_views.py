"""What is in which log bucket: sinks and exclusions, views with rights of their own, retention."""

import pytest

from tests.conftest import PROJECT
from tests.support.accounts import make_account
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator

PARENT = f"projects/{PROJECT}"
GLOBAL = f"{PARENT}/locations/global/buckets"
DEFAULT = f"{GLOBAL}/_Default"


@pytest.fixture
def logs(running: RunningEmulator) -> RunningEmulator:
    """The emulator with three entries: of the logs a and b, one of them an error."""
    assert running.request("POST", "/_emulator/reset")[0] == 200
    entries = [
        {"logName": f"{PARENT}/logs/a", "textPayload": "a1"},
        {"logName": f"{PARENT}/logs/a", "textPayload": "a2", "severity": "ERROR"},
        {"logName": f"{PARENT}/logs/b", "textPayload": "b1"},
    ]
    ask(running, "POST", "/v2/entries:write", {"resource": {"type": "global"}, "entries": entries})
    return running


def texts(emulator: RunningEmulator, name: str, token: str | None = None) -> list[str]:
    """The texts of the entries that a resource name stands for."""
    body = {"resourceNames": [name], "filter": "textPayload:*"}
    code, found = emulator.request("POST", "/v2/entries:list", body, token)
    assert code == 200, found
    return [each["textPayload"] for each in found.get("entries", [])]


def test_a_bucket_has_what_its_sinks_take(logs: RunningEmulator) -> None:
    ask(logs, "POST", f"/v2/{GLOBAL}?bucketId=errors", {"retentionDays": 10})
    sink = {"name": "errors", "destination": f"logging.googleapis.com/{GLOBAL}/errors", "filter": "severity>=ERROR"}
    ask(logs, "POST", f"/v2/{PARENT}/sinks", sink)
    assert texts(logs, f"{GLOBAL}/errors/views/_AllLogs") == ["a2"]
    assert texts(logs, f"{DEFAULT}/views/_AllLogs") == ["a1", "a2", "b1"]
    assert texts(logs, f"{GLOBAL}/_Required/views/_AllLogs") == []
    ask(logs, "POST", "/_emulator/clock", {"seconds": 11 * 24 * 3600})
    assert texts(logs, f"{GLOBAL}/errors/views/_AllLogs") == []
    assert texts(logs, f"{DEFAULT}/views/_AllLogs") == ["a1", "a2", "b1"]


def test_what_is_excluded_is_in_no_bucket(logs: RunningEmulator) -> None:
    path = f"/v2/{PARENT}/exclusions"
    made = ask(logs, "POST", path, {"name": "quiet", "filter": 'LOG_ID("a") severity<ERROR'})
    assert made.items() >= {"name": "quiet", "filter": 'LOG_ID("a") severity<ERROR'}.items()
    assert texts(logs, PARENT) == ["a2", "b1"]
    assert texts(logs, f"{DEFAULT}/views/_AllLogs") == ["a2", "b1"]
    assert ask(logs, "GET", f"/v2/{PARENT}/sinks/_Default")["exclusions"] == [made]
    assert logs.request("POST", path, {"name": "quiet", "filter": "a=b"})[0] == 409
    changed = ask(logs, "PATCH", f"{path}/quiet?updateMask=disabled", {"disabled": True})
    assert (changed["disabled"], changed["filter"]) == (True, made["filter"])
    assert texts(logs, PARENT) == ["a1", "a2", "b1"]
    ask(logs, "DELETE", f"{path}/quiet")
    assert ask(logs, "GET", path) == {}
    assert logs.request("GET", f"{path}/quiet")[0] == 404


def test_who_may_use_a_view_sees_its_entries_and_no_others(logs: RunningEmulator) -> None:
    view = f"{DEFAULT}/views/only-a"
    body = {"filter": 'LOG_ID("a") AND resource.type="global"', "description": "Of a"}
    assert ask(logs, "POST", f"/v2/{DEFAULT}/views?viewId=only-a", body)["name"] == view
    account = make_account(logs, "viewer-of-a")
    asked = {"resourceNames": [view]}
    assert logs.request("POST", "/v2/entries:list", asked, account.token)[0] == 403
    policy = {"bindings": [{"role": "roles/logging.viewAccessor", "members": [account.member]}]}
    ask(logs, "POST", f"/v2/{view}:setIamPolicy", {"policy": policy})
    assert texts(logs, view, account.token) == ["a1", "a2"]
    assert logs.request("POST", "/v2/entries:list", {"resourceNames": [PARENT]}, account.token)[0] == 403
    listed = [each["name"].rpartition("/")[2] for each in ask(logs, "GET", f"/v2/{DEFAULT}/views")["views"]]
    assert listed == ["_AllLogs", "_Default", "only-a"]
    ask(logs, "PATCH", f"/v2/{view}?updateMask=filter", {"filter": f'SOURCE("{PARENT}") AND NOT LOG_ID("a")'})
    assert texts(logs, view, account.token) == ["b1"]
    ask(logs, "DELETE", f"/v2/{view}")
    assert logs.request("GET", f"/v2/{view}")[0] == 404
    assert logs.request("DELETE", f"/v2/{DEFAULT}/views/_AllLogs")[0] == 400


@pytest.mark.parametrize("text", ["severity>=ERROR", 'LOG_ID("a") OR LOG_ID("b")', "textPayload:x"])
def test_a_view_with_another_filter_is_refused(logs: RunningEmulator, text: str) -> None:
    assert logs.request("POST", f"/v2/{DEFAULT}/views?viewId=other", {"filter": text})[0] == 400

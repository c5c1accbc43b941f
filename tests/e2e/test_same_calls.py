"""The stand-in provider changes things with the same calls as the official one: same verb, path, query and body."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.conftest import StartEmulator
from tests.e2e.official_record import PROJECT, read_record
from tests.e2e.pulumi_stack import PulumiStack
from tests.e2e.recorder import Seen, recording

_PROGRAM = Path(__file__).parent / "record_program"
# What is in a query or a body without changing what is asked for.
_QUERY = {"alt", "prettyPrint"}
_BODY = {
    "etag",
    "nextRotationTime",  # counted from the moment
    "expirationTime",  # repeated from the answer; the recording server knew no dataset's default
    "version",  # of a policy: 1 where it has never been set, else 3
    *("defaultCollation", "maxTimeTravelHours", "isCaseInsensitive", "storageBillingModel"),  # repeated from the answer
    "requirePartitionFilter",  # false is sent, and means the same as nothing
}
_NUMBERED = (
    (re.compile(r"(alertPolicies|notificationChannels|notificationConfigs)/\d+"), r"\1/ID"),
    (re.compile(r"service-\d+@"), "service-NUMBER@"),
)


def same_names(text: str) -> str:
    """A text with the same word for every name that the service chooses."""
    for pattern, word in _NUMBERED:
        text = pattern.sub(word, text)
    return text


def essence(value: Any) -> Any:
    """A body without what does not matter, and lists in one order."""
    if isinstance(value, dict):
        kept = {key: essence(item) for key, item in value.items() if key not in _BODY}
        return {key: item for key, item in kept.items() if item != []}
    if isinstance(value, list):
        return sorted((essence(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def call(method: str, path: str, query: str, body: Any) -> tuple[str, str, str, str]:
    """One call in a form in which two of the same meaning are equal."""
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    if "updateMask" in pairs:
        # The official plugin names bigqueryConfig in every update of a subscription.
        pairs["updateMask"] = ",".join(sorted(set(pairs["updateMask"].split(",")) - {"bigqueryConfig"}))
    asked = json.dumps({key: value for key, value in sorted(pairs.items()) if key not in _QUERY})
    return method, same_names(path), asked, same_names(json.dumps(essence(body), sort_keys=True))


def ours(seen: Seen) -> tuple[str, str, str, str]:
    """A call of the stand-in in comparable form."""
    parts = urlsplit(seen.target)
    path = re.sub(r"^/(storage|bigquery|compute)(?=/v\d)", "", parts.path)
    if "uploadType=multipart" in parts.query:
        metadata, media = re.findall(r"\r\n\r\n(.*?)\r\n--", seen.body, re.DOTALL)
        content_type = re.findall(r"Content-Type: (\S+)", seen.body)[-1]
        body = {"multipart": True, "metadata": json.loads(metadata), "contentType": content_type, "text": media}
        return call(seen.method, path, parts.query, body)
    return call(seen.method, path, parts.query, json.loads(seen.body) if seen.body else None)


def is_policy(path: str) -> bool:
    """Whether a call is about a policy: these are merged in another order on every run."""
    return path.endswith(("IamPolicy", "/iam"))


def compared(step: str, calls: list[Seen]) -> None:
    """Compare what changes something, but policies, with the recorded step; and where the stand-in reads."""
    recorded = [
        (item, call(item.method, item.path, item.query, item.request)) for item in read_record() if item.step == step
    ]
    mine = [ours(seen) for seen in calls]
    access = re.compile(r"/datasets/imaging$")  # a BigQuery dataset's PATCH is its policy

    def changing(all_calls: list[tuple[str, str, str, str]]) -> Counter[tuple[str, str, str, str]]:
        found = [one for one in all_calls if one[0] != "GET" and not is_policy(one[1])]
        # Older versions of objects go with their bucket; the recording server kept none.
        found = [one for one in found if not (one[0] == "DELETE" and "generation" in one[2])]
        return Counter(one for one in found if not (one[0] == "PATCH" and access.search(one[1]) and "v2" in one[1]))

    official = changing([one for _, one in recorded])
    stand_in = changing(mine)
    # Some APIs are enabled in a new project already, as in Google Cloud; the recorded project had none.
    official = Counter({one: n for one, n in official.items() if not one[1].endswith(":enable") or one in stand_in})
    assert not official - stand_in, f"only the official plugin, in {step}: {list(official - stand_in)}"
    assert not stand_in - official, f"only the stand-in, in {step}: {list(stand_in - official)}"
    everywhere = {same_names(item.path) for item in read_record() if item.method == "GET" or is_policy(item.path)}
    read = {one[1] for one in mine if one[0] == "GET" or is_policy(one[1])}
    assert read <= everywhere, f"only the stand-in reads {read - everywhere}"


def granted(calls: list[tuple[str, Any]]) -> dict[str, set[str]]:
    """By resource, every role, member and condition that a call set on it."""
    found: dict[str, set[str]] = {}
    for path, body in calls:
        policy = body.get("policy", body)
        for binding in policy.get("bindings", []):
            for member in binding["members"]:
                entry = same_names(json.dumps([binding["role"], member, binding.get("condition")], sort_keys=True))
                found.setdefault(path, set()).add(entry)
    return found


def test_the_same_calls(start_emulator: StartEmulator, tmp_path: Path) -> None:
    emulator = start_emulator(project=PROJECT)
    folder = tmp_path / "stack"
    folder.mkdir()
    with recording(emulator.base_url) as recorder:
        stack = PulumiStack(folder, emulator, _PROGRAM, base_url=recorder.base_url)
        created = stack.up()
        assert created.changed == {"create": 53}
        calls = recorder.take()
        compared("up", calls)
        theirs = [(item.path, item.request) for item in read_record() if item.step == "up" and item.request]
        official = granted([(path, body) for path, body in theirs if is_policy(path) and ":get" not in path])
        own = [(re.sub(r"^/storage", "", urlsplit(seen.target).path), seen) for seen in calls if seen.body]
        stand_in = granted(
            [(path, json.loads(seen.body)) for path, seen in own if is_policy(path) and ":get" not in path]
        )
        # An emulated bucket or project has members of its own from the start; those of the record had none.
        assert stand_in.keys() == official.keys()
        assert {path: entries - stand_in[path] for path, entries in official.items() if entries - stand_in[path]} == {}
        assert stack.preview().changed == {}
        assert all(seen.method == "GET" for seen in recorder.take())
        assert stack.refresh().changed == {}
        recorder.take()
        stack.write_config(**{"record:revision": 2})
        assert stack.up().changed == {"update": 13}
        compared("update", recorder.take())
        assert stack.refresh().changed == {}
        recorder.take()
        stack.destroy()
        compared("destroy", recorder.take())

"""The record of the official gcp plugin's calls: reading it, sending it to an emulator, judging the answers.

An answer is acceptable when its status is of the recorded class and it has every field of the recorded answer: what the
caller sent comes back with the same value, what the service makes up need only be there.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

RECORD = Path(__file__).parent.parent / "data" / "official_plugin" / "calls.jsonl"
PROJECT = "local-project"
# What stands between the emulator's port and a recorded path.
_ROOTS = {"storage": "/storage", "bigquery": "/bigquery", "compute": "/compute"}
_BOUNDARY = "part-of-the-record"
# Fields whose value the service chooses.
_CHOSEN = frozenset(
    (
        *(
            "id",
            "etag",
            "selfLink",
            "mediaLink",
            "crc32c",
            "generation",
            "metageneration",
            "uniqueId",
            "oauth2ClientId",
        ),
        *("timeCreated", "updated", "createTime", "endTime", "creationTime", "lastModifiedTime", "effectiveTime"),
        *("revisionId", "revisionCreateTime", "mutateTime", "mutatedBy", "location", "locationType", "state", "rpo"),
        *("writerIdentity", "resourceName", "billingAccountName", "destroyScheduledDuration", "apiMethodName"),
        *("numBytes", "numRows", "numLongTermBytes", "metadata", "@type"),
    )
)
# Fields that the plugin does without.
_SPARED = frozenset(
    (
        *("kind", "type", "etag", "state", "rpo", "locationType", "effectiveTime", "logsUrl", "oauth2ClientId"),
        *("metadata", "mutationRecord", "mutatedBy", "resourceName", "revisionCreateTime", "billingEnabled"),
    )
)
_POLICY = frozenset(("etag", "version", "bindings", "auditConfigs", "kind", "resourceId"))


@dataclass(frozen=True)
class Call:
    """One recorded call and its answer."""

    n: int
    step: str
    service: str
    method: str
    path: str
    query: str
    request: Any
    status: int
    response: Any

    def __str__(self) -> str:
        return f"{self.n} ({self.step}) {self.service} {self.method} {self.path}"


def read_record() -> list[Call]:
    """All recorded calls, in their order."""
    return [Call(**json.loads(line)) for line in RECORD.read_text().splitlines()]


def lacks(recorded: Any, answer: Any, where: str = "answer") -> Iterator[str]:
    """What an answer lacks of the recorded one, a sentence for each thing."""
    if isinstance(recorded, Mapping):
        if isinstance(answer, Mapping):
            yield from _lacking_fields(recorded, answer, where)
        else:
            yield f"{where} is not an object"
    elif isinstance(recorded, list):
        if isinstance(answer, list):
            yield from _lacking_items(recorded, answer, where)
        else:
            yield f"{where} is not a list"
    elif str(recorded) != str(answer):
        yield f"{where} is {answer!r:.80} instead of {recorded!r:.80}"


def _lacking_fields(recorded: Mapping[str, Any], answer: Mapping[str, Any], where: str) -> Iterator[str]:
    # A policy's version says how it was asked for, not what it is.
    passed_over = {"version"} if "etag" in recorded and recorded.keys() <= _POLICY else set()
    for name, value in recorded.items():
        if name in passed_over:
            continue
        if name not in answer:
            if name not in _SPARED and value not in (None, "", [], {}):
                yield f"{where}.{name} is missing"
        elif name not in _CHOSEN:
            yield from lacks(value, answer[name], f"{where}.{name}")


def _lacking_items(recorded: list[Any], answer: list[Any], where: str) -> Iterator[str]:
    left = list(answer)
    for item in recorded:
        found = next((other for other in left if not any(lacks(item, other))), None)
        if found is None:
            yield f"{where} has no item like {json.dumps(item)[:120]}"
        else:
            left.remove(found)


@dataclass
class Replay:
    """Sends recorded calls to an emulator, with the names and etags that it gave in place of the recorded ones."""

    emulator: RunningEmulator
    names: dict[str, str] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)

    def accept(self, call: Call) -> list[str]:
        """Send one call; gives what the plugin would not have accepted of the answer."""
        status, answer = self._send(call)
        if status // 100 != call.status // 100:
            return [f"the status is {status} instead of {call.status}: {json.dumps(answer)[:300]}"]
        if call.status >= 300 or call.response is None:
            return []
        if isinstance(answer, dict):
            self._learn(call, answer)
        return list(lacks(self._expected(call, answer), answer))

    def _expected(self, call: Call, answer: Any) -> Any:
        """What the answer must have, in this emulator's names."""
        expected = json.loads(self._renamed(json.dumps(call.response)))
        if call.path.endswith("/services"):
            # More services may be enabled; the plugin looks at the last part of the name.
            last = [{"name": item["name"].rsplit("/", 1)[-1]} for item in expected["services"]]
            for item in answer.get("services", []):
                item["name"] = item["name"].rsplit("/", 1)[-1]
            return {"services": last}
        if "done" in expected:
            finished = expected["done"] and answer.get("done")
            return {key: value for key, value in expected.items() if key != "name"} if finished else {"name": ""}
        return expected

    def _learn(self, call: Call, answer: Mapping[str, Any]) -> None:
        recorded = call.response
        if call.service == "resourcemanager" and "projectNumber" in recorded:
            self.names[recorded["projectNumber"]] = answer.get("projectNumber", "")
        if call.service == "monitoring" and call.method == "POST":
            self.names[recorded["name"]] = answer.get("name", "")
        if call.path.endswith("/notificationConfigs") and call.method == "POST":
            self.names[f"{call.path}/{recorded['id']}"] = f"{call.path}/{answer.get('id')}"
        if "etag" in answer:
            self.etags[_resource(call)] = str(answer["etag"])

    def _renamed(self, text: str) -> str:
        for recorded in sorted(self.names, key=len, reverse=True):
            text = text.replace(recorded, self.names[recorded])
        return text

    def _body(self, call: Call) -> tuple[bytes | None, str]:
        if call.request is None:
            return None, "application/json"
        if call.request.get("multipart"):
            parts = (
                ("application/json", json.dumps(call.request["metadata"])),
                (call.request["contentType"], call.request["text"]),
            )
            text = "".join(f"--{_BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n{part}\r\n" for kind, part in parts)
            return f"{text}--{_BOUNDARY}--\r\n".encode(), f"multipart/related; boundary={_BOUNDARY}"
        body = json.loads(self._renamed(json.dumps(call.request)))
        holder = body.get("policy", body)
        if "etag" in holder:
            etag = self.etags.get(_resource(call))
            holder.pop("etag")
            if etag is not None:
                holder["etag"] = etag
        return json.dumps(body).encode(), "application/json"

    def _send(self, call: Call) -> tuple[int, Any]:
        path = _ROOTS.get(call.service, "") + self._renamed(call.path) + (f"?{call.query}" if call.query else "")
        data, content_type = self._body(call)
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {self.emulator.owner_token}"}
        request = urllib.request.Request(self.emulator.base_url + path, data, headers, method=call.method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                status, raw = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, raw = error.code, error.read()
        try:
            return status, json.loads(raw) if raw else None
        except ValueError:
            return status, raw.decode(errors="replace")


def _resource(call: Call) -> str:
    """The resource that a policy or an etag belongs to."""
    return re.sub(r":[gs]etIamPolicy$", "", call.path)

"""Hostile requests of callers without any right: no 500, nothing is read or written, the memory is what it was.

ATTACK_REQUESTS says how many (default: six hundred), ATTACK_SEED with which random numbers; a failure names both.
"""

import hashlib
import http.client
import logging
import os
import random
import time
from collections import Counter

import pytest

from tests.conftest import StartEmulator
from tests.emulator.hostile import Call, Fuzzer, problem_of, resident, send, things
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

REQUESTS = int(os.environ.get("ATTACK_REQUESTS", "600"))
SEED = int(os.environ.get("ATTACK_SEED", "20261127"))
GROWTH = 100 << 20
"""Bytes that the process's memory may have grown by at the end; its caches are bounded."""
_log = logging.getLogger(__name__)
SECRET = "kept-from-all"
NO_STATE = frozenset(("log_entries", "log_insert_ids", "log_metric_points", "sqlite_sequence"))
"""Tables that refused calls write to, too: the log of them."""
OWN_PATHS = (
    *("/_emulator/reset", "/_emulator/requests", "/_emulator/denials", "/_emulator/clock", "/_emulator/trouble"),
    *("/_emulator/faults", "/_emulator/operations", "/_emulator/operations/x:finish", "/_emulator/snapshots"),
    *("/_emulator/snapshots/..%2f..", "/_emulator/recording", "/_emulator/viewer?code=x", "/_emulator/console?code=x"),
    *("/_emulator/console/", "/_emulator/console/sql", "/_emulator/console/..%2f..%2fowner-token", "/_emulator/../x"),
    *("/_emulator/incidents", "/token", "/app-config.js", "/..%2f..%2fetc/passwd", "/viewer", "/%00", "//"),
)
"""Addresses beside the APIs."""
FORGED = (
    "owner-", "emu..", "emu.e30.", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvd25lciJ9.x", "a.b.c",
)  # fmt: skip


class Powerless:
    """Makes a fuzzer's requests those of callers without a right."""

    def __init__(self, names: dict[str, list[str]], token: str) -> None:
        self._random = random.Random(SEED)  # noqa: S311 - to be the same again
        self._fuzzer = Fuzzer(SEED, names, token)

    def call(self) -> Call:
        """The next request."""
        call, chance = self._fuzzer.call(), self._random.random()
        if chance < 0.1:
            call.path = self._random.choice(OWN_PATHS)
        if 0.05 < chance < 0.2:
            call.headers = [(name, value) for name, value in call.headers if name != "authorization"]
        if 0.15 < chance < 0.25:
            call.headers.append(("authorization", f"Bearer {self._random.choice(FORGED)}"))
        if chance > 0.97:
            call.path += ("&" if "?" in call.path else "?") + f"access_token={self._random.choice(FORGED).strip()}"
        return call


@pytest.fixture
def running(start_emulator: StartEmulator) -> RunningEmulator:
    return start_emulator("--anonymous", "deny")


def powerless_token(running: RunningEmulator) -> str:
    """A token of an account that nobody granted anything, and which grants nobody anything."""
    account = make_account(running, "powerless")
    name = f"projects/{running.project}/serviceAccounts/{account.member.partition(':')[2]}"
    assert running.request("POST", f"/v1/{name}:setIamPolicy", {"policy": {"bindings": []}})[0] == 200
    return account.token


def keep_secrets(running: RunningEmulator) -> None:
    """Put SECRET where it could be read: in an object, a message, a patient, a row and a label."""
    project = running.project
    healthcare = f"/v1/projects/{project}/locations/us-central1/datasets/fuzz"
    patient = {"resourceType": "Patient", "name": [{"family": SECRET}]}
    query = {"query": f"CREATE TABLE fuzz.fuzz AS SELECT '{SECRET}' a", "useLegacySql": False, "timeoutMs": 200_000}
    calls = [
        ("PATCH", f"{healthcare}/dicomStores/fuzz?updateMask=labels", {"labels": {"a": SECRET}}),
        ("POST", f"{healthcare}/fhirStores/fuzz/fhir/Patient", patient),
        ("POST", f"/v1/projects/{project}/topics/fuzz:publish", {"messages": [{"attributes": {"a": SECRET}}]}),
        ("POST", "/upload/storage/v1/b/fuzz-bucket/o?uploadType=media&name=fuzz", {"a": SECRET}),
        ("POST", f"/bigquery/v2/projects/{project}/queries", query),
    ]
    for method, path, body in calls:
        code, answer = running.request(method, path, body)
        assert code in (200, 201), (path, answer)
    assert answer["jobComplete"], "what still runs would change the state later"


def digest(running: RunningEmulator) -> dict[str, str]:
    """All that the state holds but the log: a digest of each table and of the names of all files."""
    with running.database() as database:
        names = [str(row[0]) for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name: hashlib.sha256(repr(sorted(map(repr, database.execute(f'SELECT * FROM "{name}"')))).encode())
            for name in names
            if name not in NO_STATE
        }
    files = sorted(str(path.relative_to(running.state)) for path in running.state.rglob("*") if path.is_file())
    beside = sorted(path.name for path in running.state.parent.iterdir())
    kept = [name for name in files if not name.startswith("state.sqlite")]
    return {name: value.hexdigest() for name, value in found.items()} | {"files": repr(kept), "beside": repr(beside)}


def settled(running: RunningEmulator, digest_before: dict[str, str]) -> dict[str, str]:
    """The digest, once it is the same as before or does not become so."""
    deadline = time.monotonic() + PATIENCE / 10
    while (now := digest(running)) != digest_before and time.monotonic() < deadline:
        time.sleep(0.2)
    return now


def problem(call: Call, status: int, content_type: str, body: bytes) -> str:
    """What is wrong with an answer to somebody without rights; "" where nothing is."""
    if SECRET.encode() in body:
        return "a secret was told"
    if call.path.startswith(OWN_PATHS):
        return f"status {status}" if status >= 500 else ""
    return problem_of(status, content_type, body)


def test_nothing_is_read_or_written_without_a_right(running: RunningEmulator) -> None:
    names = things(running)
    keep_secrets(running)
    powerless = Powerless(names, powerless_token(running))
    for _ in range(min(300, REQUESTS)):  # what is imported and kept once
        send(running, powerless.call())
    before, memory = digest(running), resident(running)
    failures, statuses = [], Counter[int]()
    for number in range(REQUESTS):
        call = powerless.call()
        try:
            status, content_type, body = send(running, call)
            found = problem(call, status, content_type, body)
            statuses[status] += 1
        except (OSError, http.client.HTTPException) as error:
            found = f"no answer: {error!r}"
        if found:
            failures.append(f"request {number} of seed {SEED}: {found}: {call}")
    assert not failures, "\n".join(failures[:20]) + f"\n{len(failures)} in all"
    assert settled(running, before) == before
    grown = resident(running) - memory
    _log.info("%d requests, answers by status: %s, bytes grown: %d", REQUESTS, dict(statuses), grown)
    assert grown < GROWTH
    assert running.request("GET", "/_emulator/status")[0] == 200

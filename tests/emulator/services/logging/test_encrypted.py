"""Entries of log buckets with a key, where data are encrypted at rest."""

from collections.abc import Callable

from tests.conftest import PROJECT
from tests.support.asking import ask
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, destroy, holding, make_key, set_state

BUCKETS = f"/v2/projects/{PROJECT}/locations/us/buckets"


def write(emulator: RunningEmulator, log: str, text: str) -> None:
    """Write an entry."""
    entry = {"logName": f"projects/{PROJECT}/logs/{log}", "resource": {"type": "global"}, "textPayload": text}
    ask(emulator, "POST", "/v2/entries:write", {"entries": [entry]})


def found(emulator: RunningEmulator, log: str, where: str) -> list[str]:
    """The texts of a log's entries in a project, bucket or view."""
    body = {"resourceNames": [where], "filter": f'logName="projects/{PROJECT}/logs/{log}"'}
    return [entry["textPayload"] for entry in ask(emulator, "POST", "/v2/entries:list", body).get("entries", [])]


def test_entries_that_only_a_bucket_with_a_key_has_are_open_as_its_version_is(
    encrypting: RunningEmulator, unique: Callable[[str], str]
) -> None:
    log, name, word = unique("log"), unique("bucket"), unique("canary")
    key = make_key(encrypting, unique("ring"), agent_of(encrypting, "logging"))
    ask(encrypting, "POST", f"{BUCKETS}?bucketId={name}", {"cmekSettings": {"kmsKeyName": key}})
    bucket, mine = f"{BUCKETS.removeprefix('/v2/')}/{name}", f'logName="projects/{PROJECT}/logs/{log}"'
    write(encrypting, log, f"{word}-before")
    sink = {"name": log, "destination": f"logging.googleapis.com/{bucket}", "filter": mine}
    ask(encrypting, "POST", f"/v2/projects/{PROJECT}/sinks", sink)
    write(encrypting, log, f"{word}-beside")  # which _Default has, too, without a key
    ask(encrypting, "POST", f"/v2/projects/{PROJECT}/exclusions", {"name": log, "filter": mine})
    write(encrypting, log, f"{word}-inside")
    texts = [f"{word}-{each}" for each in ("before", "beside", "inside")]
    assert found(encrypting, log, bucket) == texts
    assert [bool(holding(encrypting, text)) for text in texts] == [True, True, False]
    set_state(encrypting, key, "DISABLED")
    body = {"resourceNames": [bucket]}
    assert encrypting.request("POST", "/v2/entries:list", body)[0] == 400
    assert found(encrypting, log, f"projects/{PROJECT}") == []
    write(encrypting, log, f"{word}-meanwhile")
    set_state(encrypting, key, "ENABLED")
    assert found(encrypting, log, bucket) == [*texts, f"{word}-meanwhile"]
    destroy(encrypting, f"{key}/cryptoKeyVersions/1")
    assert found(encrypting, log, f"projects/{PROJECT}") == []
    ask(encrypting, "DELETE", f"/v2/projects/{PROJECT}/exclusions/{log}")

"""python -m emulator record and replay: a run on record, and the same run against another emulator."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from emulator.access import assertions
from emulator.commands import call, owner_token, require_running
from emulator.recording.exchanges import Exchange, Head, RecordingError, read
from emulator.recording.replaying import Difference, Replay, Target
from emulator.serving.server import StartError

_PATH = "/_emulator/recording"
_SHOWN = 300
"""Characters of a value that are shown."""
DIFFERENT = 3
"""The exit code where something is different."""


def record(state: Path, action: str, name: str) -> int:
    """Begin or end a recording of the emulator that runs on a folder. Raises StartError where it refuses."""
    running, token = require_running(state), owner_token(state)
    if action == "start":
        shown = call(running, "POST", _PATH, token, body={"name": name})
        print(f"Every request and its answer is written to {shown['file']}, patients' data too; only you may read it.")
    else:
        shown = call(running, "DELETE", _PATH, token)
        print(f"{shown['requests']} requests are in {shown['file']}." if shown else "No recording was being made.")
    return 0


def replay(state: Path, file: Path, *, values: bool) -> int:
    """Send a recording to the emulator that runs on a folder, and print what is different; 3 where something is.

    `values` shows what was there and is there, which may be patients' data. Raises StartError for what is no recording.
    """
    running = require_running(state)
    try:
        head, exchanges = read(file)
    except RecordingError as error:
        raise StartError(str(error)) from None
    found = _differences(head, _target(running, state), exchanges, values=values)
    sent = len(exchanges)
    if not found:
        print(f"{sent} requests were answered as in the recording.")
        return 0
    said = f"{len(found)} of {sent} requests were answered otherwise ({sum(found.values())} differences)."
    print(said, file=sys.stderr)
    return DIFFERENT


def _differences(head: Head, target: Target, exchanges: list[Exchange], *, values: bool) -> Counter[int]:
    """How many there are, by the number of the request; each is printed as it is found."""
    found: Counter[int] = Counter()
    run = Replay(head, target)
    try:
        for exchange in exchanges:
            for difference in run.differences(exchange):
                found[difference.number] += 1
                print(_told(difference, values=values))
    finally:
        run.close()
    return found


def _target(running: dict[str, Any], state: Path) -> Target:
    """The running emulator, with a token of the owner and one of the account of the key file."""
    key = json.loads((state / "credentials.json").read_text())
    tokens = {
        f"user:owner@{running['project']}.example": owner_token(state),
        f"serviceAccount:{key['client_email']}": assertions.sign(key, time.time()),
    }
    return Target(running["url"], running["project"], running["projectNumber"], tokens)


def _told(difference: Difference, *, values: bool) -> str:
    begin = f"#{difference.number} {difference.method or 'no method'}: {difference.place}"
    if difference.place in ("status", "request") or values:
        return f"{begin} was {_short(difference.then)}, is {_short(difference.now)}"
    return f"{begin} {_kind(difference)}"


def _kind(difference: Difference) -> str:
    if difference.now is None:
        return "is missing"
    return "is new" if difference.then is None else "differs"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

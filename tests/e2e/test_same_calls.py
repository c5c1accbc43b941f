"""The stand-in provider changes things with the same calls as the official one: same verb, path, query and body."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.conftest import StartEmulator
from tests.e2e.calls import Comparable, granted, is_policy, ours, same_names
from tests.e2e.calls import call as comparable
from tests.e2e.official_record import PROJECT, read_record
from tests.e2e.pulumi_stack import PulumiStack
from tests.e2e.recorder import Seen, recording

_PROGRAM = Path(__file__).parent / "record_program"


def compared(step: str, calls: list[Seen]) -> None:
    """Compare what changes something, but policies, with the recorded step; and where the stand-in reads."""
    recorded = [
        (item, comparable(item.method, item.path, item.query, item.request))
        for item in read_record()
        if item.step == step
    ]
    mine = [ours(seen) for seen in calls]
    access = re.compile(r"/datasets/imaging$")  # a BigQuery dataset's PATCH is its policy

    def changing(all_calls: list[Comparable]) -> Counter[Comparable]:
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

"""The NIH set from PNG files to the store and its labels, stage by stage, and the memory.

A generated set stands in for NIH's. The commands run as a person runs them, on an environment that Pulumi has made.
"""

import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.conversion import conversion
from benchmarks.figures import Figure, speeds, timed
from engine.console import step
from engine.layout import Layout
from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.convert import to_dicom
from scripts.chestxrays.rehearsal import write_set
from scripts.demonstration.places import Places
from scripts.demonstration.provision import Stack
from scripts.demonstration.steps import Demonstration

WHOLE_SET = 112_120
MOST_MEGABYTES = 500
_WATCH_SECONDS = 0.2


def load(places: Places) -> list[Figure]:
    """Conversion by itself, then 300 films of 1024 x 1024 through everything."""
    archive = places.results / "set"
    write_set(archive, 300)
    return [*conversion(places), *_through_everything(places, archive, "300 films")]


def load_full(places: Places) -> list[Figure]:
    """5,000 films of 1024 x 1024 through everything, then as many as the whole set has, of 64 x 64."""
    figures = []
    for number, side in ((5000, 1024), (WHOLE_SET, 64)):
        archive = places.results / f"set-{side}"
        print(f"  making {number:,} films of {side} x {side} ...", file=sys.stderr, flush=True)
        write_set(archive, number, side)
        figures += _through_everything(places, archive, f"{number:,} films of {side} x {side}")
    return figures


def _through_everything(places: Places, archive: Path, name: str) -> list[Figure]:
    """Load, import, label, load again, and verify, on a new environment."""
    bare = _converted(archive)
    demonstration = Demonstration(places)
    places.prepare()
    with step("  environment") as current:
        demonstration.start_emulator(current)
    environment = {**places.pulumi_environment(), **demonstration.credentials()}

    def run(*arguments: str) -> tuple[float, float, dict[str, Any]]:
        print(f"  {name}: {' '.join(arguments)} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "scripts", arguments[0], str(archive), "--source", "kaggle", *arguments[1:]]
        return _watched([*command, "--json", "--outputs", str(places.outputs)], environment)

    try:
        with step("  pulumi up") as current:
            Stack(places, demonstration.credentials()).up(current)
        uploading, peak, loaded = run("load")
        importing, import_peak, imported = run("load", "--import")
        again, again_peak, _ = run("load", "--import")
        verifying, verify_peak, _ = run("verify")
    finally:
        demonstration.destroy()
    number = loaded["loaded"]
    if imported.get("imported_before", 0) + sum(each["success"] for each in imported.get("imports", [])) != number:
        raise SystemExit(f"Not every film was imported: {imported}")

    def beside(what: str, seconds: float) -> Figure:
        return speeds(f"{name}, {what}, beside converting them one by one", (seconds,), (bare,))

    most = max(peak, import_peak, again_peak, verify_peak)
    memory = f"{name}, the commands' peak memory with their processes"
    return [
        beside("converted and uploaded, and labels", uploading),
        beside("imported", importing),
        beside("loaded again, which does nothing", again),
        beside("verified", verifying),
        Figure(memory, (most,), MOST_MEGABYTES, more_is_better=False, unit="MB"),
    ]


def _converted(archive: Path) -> float:
    """Seconds for the bare conversion of the films of a set, in one process and without writing anything."""
    return timed(lambda: [to_dicom(file.read(), record) for record, file in open_archive(archive)])


def _watched(command: list[str], environment: dict[str, str]) -> tuple[float, float, dict[str, Any]]:
    """Run a command to its end: seconds, the most memory that it and its processes held at once, what it printed."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=Layout().root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        peak = 0.0

        def watch() -> None:
            nonlocal peak
            while process.poll() is None:
                peak = max(peak, _held(process.pid))
                time.sleep(_WATCH_SECONDS)

        with ThreadPoolExecutor(1) as watcher:
            watcher.submit(watch)
            out, said = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said[-2000:]}")
    return seconds, peak, json.loads(out)


def _held(pid: int) -> float:
    """MB that a process and those below it hold; what they share counts once (Linux: Pss of smaps_rollup)."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    held = int(found.group(1)) / 1024 if found else 0.0
    return held + sum(_held(int(child)) for child in below)

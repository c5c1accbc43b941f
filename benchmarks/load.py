"""The NIH set from PNG files to the store and its labels: images a second for each stage, and memory.

A generated set stands in for NIH's. Converting is compared with decoding the same files by the same library and nothing
else, in one process and in two, turn by turn.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from imagecodecs import png_decode

from benchmarks.figures import Figure, timed
from engine.console import step
from engine.layout import Layout
from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.convert import Syntax, to_dicom
from scripts.chestxrays.films import Converter
from scripts.chestxrays.images import ImageFile
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.rehearsal import write_set
from scripts.demonstration.places import Places
from scripts.demonstration.provision import Stack
from scripts.demonstration.steps import Demonstration

WHOLE_SET = 112_120
MOST_MEGABYTES = 500
_ROUNDS = 5
_CONVERTED = 100
_THREADS = 8
_WATCH_SECONDS = 0.2

Film = tuple[FilmRecord, ImageFile]


def load(places: Places) -> list[Figure]:
    """Converting beside decoding, then 300 films of 1024 x 1024 through everything."""
    archive = places.results / "set"
    write_set(archive, 300)
    return [*_conversion(list(open_archive(archive))[:_CONVERTED]), *_through_everything(places, archive, "300 films")]


def load_full(places: Places) -> list[Figure]:
    """5,000 films of 1024 x 1024 through everything, then as many as the whole set has, of 64 x 64."""
    figures = []
    for number, side in ((5000, 1024), (WHOLE_SET, 64)):
        archive = places.results / f"set-{side}"
        print(f"  making {number:,} films of {side} x {side} ...", file=sys.stderr, flush=True)
        write_set(archive, number, side)
        figures += _through_everything(places, archive, f"{number:,} films of {side} x {side}")
    return figures


def _conversion(films: list[Film]) -> list[Figure]:
    """How much slower than decoding alone converting is, and how much two processes help."""
    print("  converting ...", file=sys.stderr, flush=True)
    images = [image.read() for _, image in films]
    with Converter(workers=1) as one, Converter(workers=2) as two:
        for converter in (one, two):
            _converted(converter, films)  # starts the processes
        decode, convert, single, double = [], [], [], []
        for _ in range(_ROUNDS):
            decode.append(timed(lambda: [png_decode(image) for image in images]))
            convert.append(
                timed(lambda: [to_dicom(image, record) for (record, _), image in zip(films, images, strict=True)])
            )
            single.append(timed(lambda: _converted(one, films)))
            double.append(timed(lambda: _converted(two, films)))
    number = len(films)
    rates = {
        "PNG decoded, one process": decode,
        "PNG to DICOM, one process": convert,
        "the same by the loader's pool of one": single,
        "the same by the loader's pool of two": double,
    }
    figures = [
        Figure(name, "films/s", tuple(number / each for each in seconds), more_is_better=True)
        for name, seconds in rates.items()
    ]
    ratios = tuple(a / b for a, b in zip(decode, convert, strict=True))
    speedups = tuple(a / b for a, b in zip(single, double, strict=True))
    compressed = [
        Figure(f"PNG to {syntax.value}", "films/s", _rates(films, images, syntax), more_is_better=True)
        for syntax in (Syntax.JPEG_LS, Syntax.JPEG_2000)
    ]
    return [
        *figures,
        Figure("rate of converting to that of decoding", "x", ratios, 0.7, more_is_better=True),
        Figure("two processes to one", "x", speedups, 1.8, more_is_better=True),
        *compressed,
    ]


def _rates(films: list[Film], images: list[bytes], syntax: Syntax) -> tuple[float, ...]:
    some = list(zip(films, images, strict=True))[:20]
    return tuple(
        len(some) / timed(lambda: [to_dicom(image, record, syntax) for (record, _), image in some]) for _ in range(3)
    )


def _converted(converter: Converter, films: Iterable[Film]) -> None:
    """Convert as the loader does: threads that wait for the pool."""
    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(lambda film: converter.convert(film[1], film[0]), films):
            pass


def _through_everything(places: Places, archive: Path, name: str) -> list[Figure]:
    """Load, import, label, load again, and verify, on a new environment."""
    demonstration = Demonstration(places)
    places.prepare()
    with step("  environment") as current:
        demonstration.start_emulator(current)
    stack = Stack(places, demonstration.credentials())
    with step("  pulumi up") as current:
        stack.up(current)
    environment = {**places.pulumi_environment(), **demonstration.credentials()}

    def run(*arguments: str) -> tuple[float, float, dict[str, Any]]:
        print(f"  {name}: {' '.join(arguments)} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "scripts", arguments[0], str(archive), "--source", "kaggle", *arguments[1:]]
        return _watched([*command, "--json", "--outputs", str(places.outputs)], environment)

    try:
        uploading, peak, loaded = run("load")
        importing, import_peak, imported = run("load", "--import")
        again, again_peak, _ = run("load", "--import")
        verifying, verify_peak, _ = run("verify")
    finally:
        demonstration.destroy()
    number = loaded["loaded"]
    if imported.get("imported_before", 0) + sum(each["success"] for each in imported.get("imports", [])) != number:
        raise SystemExit(f"Not every film was imported: {imported}")

    def rate(what: str, seconds: float) -> Figure:
        return Figure(f"{name}, {what}", "films/s", (number / seconds,), more_is_better=True)

    most = max(peak, import_peak, again_peak, verify_peak)
    return [
        rate("converted and uploaded, and labels", uploading),
        rate("imported", importing),
        rate("loaded again, which does nothing", again),
        rate("verified", verifying),
        Figure(f"{name}, the commands' peak memory with their processes", "MB", (most,), MOST_MEGABYTES),
    ]


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

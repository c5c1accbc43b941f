"""The command line of scripts/demo. Standard library only, because it runs before anything is installed."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.console import duration
from engine.layout import Layout
from engine.setup import main as set_up
from engine.stacks import GRPC_PORT, PORT
from scripts.demonstration.children import StepFailed
from scripts.demonstration.places import Places

if TYPE_CHECKING:
    from scripts.demonstration.steps import Demonstration


def parser() -> argparse.ArgumentParser:
    """The options of scripts/demo."""
    result = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Show the whole project on this machine: set up, start the emulator, provision with Pulumi, load, "
        "import, search, retrieve, export and query real radiographs. Run again, it changes nothing.",
    )
    ending = result.add_mutually_exclusive_group()
    ending.add_argument("--destroy", action="store_true", help="destroy everything at the end, and stop the emulator")
    ending.add_argument("--only-destroy", action="store_true", help="only destroy what an earlier run has left")
    result.add_argument("--port", type=int, default=PORT, help="the emulator's REST port (default %(default)s)")
    result.add_argument("--grpc-port", type=int, default=GRPC_PORT, help="its gRPC port (default %(default)s)")
    result.add_argument(
        "--folder",
        type=Path,
        help="keep all state in this folder, apart from that of the other commands",
    )
    result.add_argument("--json", action="store_true", help="print the counts as JSON at the end")
    return result


def main(arguments: Sequence[str]) -> int:
    """Run scripts/demo; the exit code is 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    started = time.monotonic()
    options = parser().parse_args(arguments)
    layout = Layout()
    if code := set_up([], layout):
        return code
    if Path(sys.executable) != layout.python:
        os.chdir(layout.root)
        os.execv(layout.python, [str(layout.python), "-m", "scripts.demonstration", *arguments])  # noqa: S606 itself
    from scripts.demonstration.steps import Demonstration

    folder = options.folder.expanduser().absolute() if options.folder else None
    demonstration = Demonstration(Places(layout, options.port, options.grpc_port, folder))
    try:
        _act(demonstration, options)
    except StepFailed as failure:
        said = f"{failure}" or "The reason is above; mend that, then run scripts/demo again: it goes on from there."
        print(f"scripts/demo: {said}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            f"scripts/demo: stopped during “{demonstration.current}”; nothing is half done. "
            "Run scripts/demo again to go on, or scripts/demo --only-destroy to remove what there is.",
            file=sys.stderr,
        )
        return 130
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.strerror else f"{error}"
        print(f"scripts/demo: {said}; mend that, then run it again.", file=sys.stderr)
        return 1
    print(f"Done in {duration(time.monotonic() - started)}", file=sys.stderr)
    return 0


def _act(demonstration: "Demonstration", options: argparse.Namespace) -> None:
    """Run what the options ask for, and print what there is to print."""
    if not options.only_destroy:
        demonstration.run()
        print(_page(demonstration, as_json=options.json), flush=True)
    if options.destroy or options.only_destroy:
        demonstration.destroy()


def _page(demonstration: "Demonstration", *, as_json: bool) -> str:
    """What there is to print at the end: counts for programs, or where to look, with a link to the console."""
    from emulator.browsing import made
    from scripts.demonstration import summary

    places, facts = demonstration.places, demonstration.facts
    return summary.as_json(facts) if as_json else summary.summary(places, facts, made(places.state))

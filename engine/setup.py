"""scripts/setup: makes everything ready that the other commands need, and does nothing when it is."""

import argparse
import fcntl
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from engine.console import duration
from engine.environment import LOCAL_STACK, changes, left_over
from engine.layout import Layout, SetupError
from engine.stacks import Ports, make_stack
from engine.stamps import engine_ready, packages_ready, plugin_ready, ready


def main(arguments: list[str], layout: Layout | None = None) -> int:
    """Run scripts/setup.

    Args:
        arguments: the words of the command line.
        layout: the clone; default this one.

    Returns:
        The exit code: 0 ready, 1 failed, 2 wrong use, 130 interrupted.
    """
    options = _options(arguments)
    layout = layout or Layout()
    try:
        set_up(layout, retry_downloads=options.retry_downloads)
        if options.env:
            make_stack(layout, options.env, options.ports)
            print("\n".join(lines_for_eval(options.env, layout)))
    except SetupError as error:
        print(f"scripts/setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.strerror else f"{error}"
        print(f"scripts/setup: {said}; mend that, then run scripts/setup again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("scripts/setup: interrupted; run it again and it continues where it stopped.", file=sys.stderr)
        return 130
    return 0


def lines_for_eval(stack: str, layout: Layout) -> list[str]:
    """The shell's lines that make `pulumi` and the commands work on `stack`, whatever the shell worked on before."""
    variables = {**changes(stack, layout, os.environ), "PULUMI_STACK": stack}
    unset = [f"unset {name}" for name in left_over(stack, layout, os.environ)]
    return unset + [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _options(arguments: list[str]) -> argparse.Namespace:
    """The command line, read; `ports` is None where it names none."""
    reader = parser()
    options = reader.parse_args(arguments)
    if options.grpc_port and not options.port:
        reader.error("--grpc-port goes with --port")
    if options.port and not options.env:
        reader.error("--port goes with --env STACK")
    options.ports = Ports(options.port, options.grpc_port or options.port + 1) if options.port else None
    return options


def parser() -> argparse.ArgumentParser:
    """The options of scripts/setup."""
    result = argparse.ArgumentParser(
        prog="scripts/setup",
        description="Make .venv (Python packages), .tools (Pulumi engine) and .pulumi-home (stack local's gcp plugin).",
        epilog='To run pulumi by hand on the local stack: eval "$(scripts/setup --env local)"',
    )
    result.add_argument(
        "--env",
        metavar="STACK",
        help="print the variables with which to run pulumi on STACK, for eval; a stack on an emulator "
        f"({LOCAL_STACK}, {LOCAL_STACK}-NAME) is made if it is missing",
    )
    result.add_argument("--port", type=int, help=f"REST port of the emulator of a new stack {LOCAL_STACK}-NAME")
    result.add_argument("--grpc-port", type=int, help="its gRPC port (default: the next one)")
    result.add_argument(
        "--retry-downloads",
        action="store_true",
        help="try again to download the official gcp plugin where its stand-in is installed",
    )
    return result


def set_up(layout: Layout, *, retry_downloads: bool = False) -> None:
    """Make what is missing, one caller at a time.

    Raises:
        SetupError: something can't be made; the message says what to do.
    """
    if not retry_downloads and ready(layout):
        return
    with _alone(layout):
        if not retry_downloads and ready(layout):
            return
        from engine.engine import install_engine
        from engine.packages import install_packages
        from engine.plugin import install_plugin

        started = time.monotonic()
        print(f"Setting up {layout.root.name}", file=sys.stderr)
        if not packages_ready(layout):
            install_packages(layout)
        if not engine_ready(layout):
            install_engine(layout)
        if retry_downloads or not plugin_ready(layout):
            install_plugin(layout, again=retry_downloads)
        print(f"Ready after {duration(time.monotonic() - started)}", file=sys.stderr)


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Wait until no other set-up works in this clone, and keep others waiting."""
    layout.tools.mkdir(exist_ok=True)
    with (layout.tools / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another scripts/setup in this folder", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield

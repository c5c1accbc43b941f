"""What set-up has done, and whether it still holds: read at every start of a command, so it imports little."""

import json
import sys
from pathlib import Path

from engine.layout import PROGRAMS, Layout, digest

HOST = "pulumi-language-python"

# What stands in for the official gcp plugin; relative to its own folder, so that it depends on nothing but the clone.
LAUNCHER = """\
#!/bin/sh
# Made by scripts/setup: the stand-in for the official gcp plugin, which could not be downloaded.
here=$(cd "$(dirname "$0")" && pwd -P)
root=${here%/.pulumi-home/*}
PYTHONPATH="$root" exec "$root/.venv/bin/python" -m emulator.provider "$@"
"""


# A program of the repository in the virtual environment. The two lines after the first let a path be of any length and
# hold spaces, which a first line may not.
PROGRAM = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
sys.path.insert(0, {root!r})
from {module}.__main__ import main
sys.exit(main())
"""


def ready(layout: Layout) -> bool:
    """True if nothing is to do."""
    return packages_ready(layout) and engine_ready(layout) and plugin_ready(layout)


def packages_ready(layout: Layout) -> bool:
    """True if the virtual environment holds what the lock asks for."""
    try:
        return (layout.venv / ".setup").read_text() == packages_key(layout) and layout.python.exists()
    except OSError:
        return False


def packages_key(layout: Layout) -> str:
    """Changes when the locked packages, the interpreter or the place of the clone do."""
    version = ".".join(map(str, sys.version_info[:2]))
    return digest((layout.lock,), version, str(layout.root), PROGRAM, *PROGRAMS)


def engine_ready(layout: Layout) -> bool:
    """True if the engine that was chosen is still there, unchanged, and as new as the pinned one."""
    try:
        kept = json.loads((layout.tools / "engine.json").read_text())
        return bool(kept == engine_stamp(layout, Path(kept["folder"])))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def engine_stamp(layout: Layout, folder: Path) -> dict[str, str]:
    """What to remember of the engine in `folder`: the pins it was chosen for, and size and time of the program.

    Raises:
        OSError: there is no engine in `folder`.
    """
    status = (folder / "pulumi").stat()
    pins = digest(layout.engine_files)
    return {"folder": str(folder), "pins": pins, "program": f"{status.st_size}-{status.st_mtime_ns}"}


def plugin_folder(layout: Layout) -> Path:
    """Where the engine looks for the gcp plugin of stack local."""
    return layout.pulumi_home / "plugins" / f"resource-gcp-{layout.gcp_version()}"


def plugin_ready(layout: Layout) -> bool:
    """True if the plugin that fits the SDK is installed: the official one, or the stand-in as it is written now."""
    program = plugin_folder(layout) / "pulumi-resource-gcp"
    try:
        with program.open("rb") as file:
            start = file.read(len(LAUNCHER) + 1)
    except OSError:
        return False
    return layout.backend.is_dir() and (start == LAUNCHER.encode() or not start.startswith(b"#!"))

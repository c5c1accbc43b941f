"""The environment in which pulumi runs on a stack: which engine, whose login, where the state lies."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from engine.layout import Layout, SetupError

LOCAL_STACK = "local"

# An official release brings the hosts of all languages, a build from Go modules Python's alone.
_ANOTHER_HOST = "pulumi-language-nodejs"

# Protects the state of a throw-away stack on one's own machine, which holds nothing that is worth protecting.
LOCAL_PASSPHRASE = "local"  # noqa: S105

_LOOPBACK = "127.0.0.1,localhost"


def is_local(stack: str) -> bool:
    """Whether a stack is on an emulator, by its name: `local`, or `local-` and more for a second emulator."""
    return stack == LOCAL_STACK or stack.startswith(f"{LOCAL_STACK}-")


def engine_folder(layout: Layout) -> Path:
    """The folder of the engine that set-up has chosen.

    Raises:
        SetupError: set-up has not been run.
    """
    try:
        return Path(json.loads((layout.tools / "engine.json").read_text())["folder"])
    except (OSError, ValueError, KeyError):
        raise SetupError("The Pulumi engine is not set up; run scripts/setup.") from None


def is_built(layout: Layout) -> bool:
    """Whether set-up built the engine, with a language host that is older and does not write programs."""
    folder = engine_folder(layout)
    return folder.is_relative_to(layout.tools) and not (folder / _ANOTHER_HOST).exists()


def stack_environment(
    stack: str, layout: Layout | None = None, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """All variables with which to run pulumi, or the scripts, on `stack`.

    Every stack gets the chosen engine and the virtual environment first on PATH: a language host that is older than
    the engine does not know the option `virtualenv`. Stacks on an emulator also get a home, a file backend and a
    passphrase of their own, so that the user's login, plugins and stacks are neither needed nor touched. Any other
    stack keeps the user's.

    Args:
        stack: the stack's name.
        layout: the clone; default this one.
        base: the variables to start from; default those of this process.
    """
    layout = layout or Layout()
    variables = dict(os.environ if base is None else base)
    variables.update(changes(stack, layout, variables))
    return variables


def changes(stack: str, layout: Layout, base: Mapping[str, str]) -> dict[str, str]:
    """Only what `stack_environment` sets on top of `base`."""
    folders = [str(layout.venv / "bin"), str(engine_folder(layout))]
    rest = [folder for folder in base.get("PATH", "").split(os.pathsep) if folder and folder not in folders]
    result = {
        "PATH": os.pathsep.join(folders + rest),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # The language host lists packages with pip, which would ask the index for its own newest version each time.
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if is_built(layout):
        # `pulumi import` would otherwise end with an error after it has imported: the built host can't write programs.
        result["PULUMI_OPTION_GENERATE_CODE"] = "false"
    return result | _of_emulator(layout, base) if is_local(stack) else result


def left_over(stack: str, layout: Layout, base: Mapping[str, str]) -> list[str]:
    """Which variables of `base` an emulator's stack has set that would lead `stack` into that stack's backend."""
    if is_local(stack):
        return []
    ours = _of_emulator(layout, base)
    return [name for name, value in ours.items() if name.startswith("PULUMI_") and base.get(name) == value]


def _of_emulator(layout: Layout, base: Mapping[str, str]) -> dict[str, str]:
    """What every stack on an emulator is run with."""
    return {
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_BACKEND_URL": layout.backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE,
        # A plugin that set-up did not install is a mistake to be told at once, not a download to wait for.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # The official plugin otherwise asks Google which regions exist; the emulator's project knows no such list.
        "PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
        # Python's HTTP clients, unlike Go's, send requests for this machine to a configured proxy.
        **{name: _without_proxy(base.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
    }


def _without_proxy(value: str) -> str:
    """`value`, a NO_PROXY list, with this machine's own names in it."""
    names = [name for name in value.split(",") if name]
    return ",".join([*names, *(name for name in _LOOPBACK.split(",") if name not in names)])

"""Where Terraform and OpenTofu find the stand-in: a mirror of providers in a folder, and what names it."""

from __future__ import annotations

import platform
import shlex
import sys
from pathlib import Path
from typing import Final

from emulator.provider.schema import version

_ROOT: Final = Path(__file__).resolve().parent.parent.parent.parent
_HOSTS: Final = ("registry.terraform.io", "registry.opentofu.org")
_PROVIDERS: Final = ("hashicorp/google", "hashicorp/google-beta")
_PROCESSORS: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_LAUNCHER: Final = """#!/bin/sh
PYTHONPATH={root} exec {python} -m emulator.provider.terraform
"""
_CONFIGURATION: Final = """# Made by python -m emulator.provider.terraform.
provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = [{providers}]
  }}
  direct {{
    exclude = [{providers}]
  }}
}}
"""


def make(folder: Path) -> Path:
    """Write mirror and configuration into a folder; the configuration's path, for TF_CLI_CONFIG_FILE."""
    mirror = folder.resolve() / "providers"
    names = [f"{host}/{provider}" for host in _HOSTS for provider in _PROVIDERS]
    for name in names:
        _launcher(mirror / name / version() / _platform(), name.rpartition("/")[2])
    configuration = folder.resolve() / "terraform.rc"
    listed = ", ".join(f'"{name}"' for name in names)
    configuration.write_text(_CONFIGURATION.format(mirror=mirror, providers=listed))
    return configuration


def _launcher(folder: Path, provider: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / f"terraform-provider-{provider}_v{version()}"
    program.write_text(_LAUNCHER.format(root=shlex.quote(str(_ROOT)), python=shlex.quote(sys.executable)))
    program.chmod(0o755)


def _platform() -> str:
    """This machine as Go names it."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_PROCESSORS.get(machine, machine)}"

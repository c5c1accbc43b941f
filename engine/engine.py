"""The Pulumi engine and its Python language host: from PATH, from the official release, or built from Go modules."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine.console import step
from engine.download import download_release
from engine.golang import build_engine
from engine.layout import Layout, parse_version
from engine.stamps import HOST, engine_stamp


def install_engine(layout: Layout) -> None:
    """Choose or make the engine, and remember which.

    Raises:
        SetupError: none of the three ways works here.
    """
    version = layout.engine_version()
    with step(f"Pulumi engine {version}") as current:
        folder = layout.tools / f"pulumi-{version}" / "bin"
        if found := engine_on_path(layout, os.environ):
            folder = found
            current.result(f"the one in {found}")
        elif (folder / "pulumi").exists() and (folder / HOST).exists():
            current.result("already in .tools")
        elif download_release(layout, version, folder, current):
            current.result("official release")
        else:
            build_engine(layout, folder, current)
            current.result("built from Go modules (`pulumi import` writes no code)")
        layout.tools.mkdir(exist_ok=True)
        (layout.tools / "engine.json").write_text(json.dumps(engine_stamp(layout, folder)))


def engine_on_path(layout: Layout, environment: Mapping[str, str]) -> Path | None:
    """The folder of an engine on PATH that is as new as the pinned one and has the language host beside it."""
    ours = str(layout.tools)
    folders = [folder for folder in environment.get("PATH", "").split(os.pathsep) if not folder.startswith(ours)]
    path = os.pathsep.join(folders)
    pulumi, host = shutil.which("pulumi", path=path), shutil.which(HOST, path=path)
    if not pulumi or not host or Path(pulumi).parent != Path(host).parent:
        return None
    # Not even to learn its version may it look into the user's home.
    variables = {**environment, "PULUMI_HOME": str(layout.pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        said = subprocess.run(
            [pulumi, "version"], capture_output=True, text=True, timeout=20, check=True, env=variables
        )
    except (OSError, subprocess.SubprocessError):
        return None
    wanted, has = parse_version(layout.engine_version()), parse_version(said.stdout)
    return Path(pulumi).parent if has[0] == wanted[0] and has >= wanted else None

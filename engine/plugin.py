"""The gcp provider plugin of stack local: the official one, or the stand-in where that can't be downloaded."""

from pathlib import Path

from engine.console import step
from engine.download import reachable
from engine.environment import LOCAL_STACK, engine_folder, stack_environment
from engine.layout import Layout, SetupError
from engine.run import CommandFailed, run
from engine.stamps import LAUNCHER, plugin_folder

# Where the engine finds out about plugins and downloads them.
PLUGIN_SITES = ("https://get.pulumi.com", "https://api.github.com")
DOWNLOAD_SECONDS = 900.0


def install_plugin(layout: Layout, *, again: bool = False) -> None:
    """Install the gcp plugin into the project's own PULUMI_HOME.

    Args:
        layout: the clone.
        again: try the official one again where the stand-in is installed.

    Raises:
        SetupError: nothing could be installed.
    """
    layout.backend.mkdir(parents=True, exist_ok=True)
    version = layout.gcp_version()
    with step(f"gcp plugin {version}") as current:
        official = is_official(layout) and not again
        if official or _download(layout, version):
            current.result("official")
        else:
            _write_stand_in(layout)
            current.result("stand-in (emulator/provider), because the official one can't be downloaded here")


def is_official(layout: Layout) -> bool:
    """True if a plugin is installed that set-up did not write."""
    program = plugin_folder(layout) / "pulumi-resource-gcp"
    try:
        with program.open("rb") as file:
            return not file.read(2).startswith(b"#!")
    except OSError:
        return False


def _download(layout: Layout, version: str) -> bool:
    """Let the engine install the official plugin; False, within seconds, where its site can't be reached."""
    if not any(reachable(site) for site in PLUGIN_SITES):
        return False
    pulumi = engine_folder(layout) / "pulumi"
    environment = stack_environment(LOCAL_STACK, layout)
    command: list[str | Path] = [
        pulumi,
        "plugin",
        "install",
        "resource",
        "gcp",
        version,
        "--reinstall",
        "--non-interactive",
    ]
    try:
        run(command, layout.logs / "plugin.log", environment=environment, timeout=DOWNLOAD_SECONDS)
    except CommandFailed:
        return False
    return is_official(layout)


def _write_stand_in(layout: Layout) -> None:
    """Install the launcher of emulator/provider as the plugin."""
    folder = plugin_folder(layout)
    program = folder / "pulumi-resource-gcp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        program.write_text(LAUNCHER)
        program.chmod(0o755)
    except OSError as error:
        raise SetupError(
            f"The gcp plugin can't be written to {folder}: {error.strerror}; mend that, then run scripts/setup again."
        ) from None

"""The virtual environment with the pinned Python packages."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from engine.console import Step, step
from engine.layout import PROGRAMS, Layout, SetupError
from engine.run import CommandFailed, run
from engine.stamps import PROGRAM, packages_key


def install_packages(layout: Layout) -> None:
    """Make the virtual environment and install the locked packages into it: those files whose hashes the lock has.

    pip's cache lies outside the repository and is used only where PIP_CACHE_DIR names it. What starts often is compiled
    ahead: where PYTHONDONTWRITEBYTECODE is set, every process would compile all that it imports.
    """
    with step("Python packages") as current:
        if not _usable(layout):
            shutil.rmtree(layout.venv, ignore_errors=True)
            _make_venv(layout)
        # The lock has all that each needs; pip itself takes an extra of a package for one that has no hash.
        command: list[str | Path] = [*pip_install(layout), "--no-compile", "--no-deps", "--require-hashes"]
        command += ["--requirement", layout.lock]
        try:
            run(command, layout.logs / "pip.log", on_line=lambda line: _tell(current, line))
        except CommandFailed as failure:
            raise SetupError(
                f"pip could not install {layout.lock.name}: {failure.reason} (see {failure.log}). "
                "Check that a package index can be reached (`pip config list`), then run scripts/setup again."
            ) from None
        current.progress("compiling")
        _compile_ahead(layout)
        write_programs(layout)
        (layout.venv / ".setup").write_text(packages_key(layout))
        current.result(f"installed in {layout.venv.name}")


# Large, and of each only a few modules are ever imported; and templates that are no Python. Of pulumi_gcp the services
# that the program declares resources of are compiled all the same.
_NOT_COMPILED = r"/(pulumi_gcp|apache_beam|numpy|scipy|pyarrow|selenium|hypothesis|mypy|mypyc|ruff|debugpy|tests?)/"
_OWN = ("emulator", "engine", "infra", "scripts")


def _compile_ahead(layout: Layout) -> None:
    """Write bytecode of the packages and of our own modules; a file that can't be compiled is left as it is."""
    version = ".".join(map(str, sys.version_info[:2]))
    folders = [layout.venv / "lib" / f"python{version}" / "site-packages", *(layout.root / name for name in _OWN)]
    command: list[str | Path] = [layout.python, "-m", "compileall", "-qq", "-j", "0"]
    for more in (["-x", _NOT_COMPILED, *folders], _declared(layout, folders[0] / "pulumi_gcp")):
        subprocess.run([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _declared(layout: Layout, package: Path) -> list[str | Path]:
    """What of pulumi_gcp the program imports: its own modules, and those of each service that it names."""
    sources = [file.read_text() for file in (layout.root / "infra").glob("*.py")]
    services = {service for source in sources for service in re.findall(r"\bgcp\.([a-z]+)\.", source)}
    return [*package.glob("*.py"), *(package / service for service in sorted(services))]


def write_programs(layout: Layout) -> None:
    """Put the programs of the repository into the virtual environment, so that a shell knows their names."""
    for name, module in PROGRAMS.items():
        program = layout.venv / "bin" / name
        program.write_text(PROGRAM.format(python=layout.python, root=str(layout.root), module=module))
        program.chmod(0o755)


def _usable(layout: Layout) -> bool:
    """True if there is a virtual environment of this Python, made for this folder."""
    version = ".".join(map(str, sys.version_info[:2]))
    here = layout.venv / "lib" / f"python{version}" / "site-packages"
    try:
        moved = str(layout.venv) not in (layout.venv / "bin" / "activate").read_text()
    except OSError:
        return False
    return here.is_dir() and layout.python.exists() and not moved


def _make_venv(layout: Layout) -> None:
    """Make an empty virtual environment; Debian's Python lacks ensurepip, so pip may have to come from outside."""
    without_pip = importlib.util.find_spec("ensurepip") is None
    if without_pip and importlib.util.find_spec("pip") is None:
        raise SetupError(
            "This Python can't make virtual environments; run `apt-get install python3-venv`, then scripts/setup again."
        )
    command: list[str | Path] = [sys.executable, "-m", "venv", layout.venv]
    if without_pip:
        command.append("--without-pip")
    try:
        run(command, layout.logs / "venv.log")
    except CommandFailed as failure:
        raise SetupError(
            f"python -m venv failed: {failure.reason}. On Debian run `apt-get install python3-venv`, "
            "then scripts/setup again."
        ) from None


def pip_install(layout: Layout) -> list[str | Path]:
    """`pip install` into the virtual environment, by its own pip or this Python's; it leaves nothing elsewhere."""
    if (layout.venv / "bin" / "pip").exists():
        pip: list[str | Path] = [layout.python, "-m", "pip"]
    else:
        pip = [sys.executable, "-m", "pip", "--python", layout.python]
    cache = [] if "PIP_CACHE_DIR" in os.environ else ["--no-cache-dir"]
    return [*pip, "install", "--disable-pip-version-check", "--no-input", *cache]


def _tell(current: Step, line: str) -> None:
    """Show which package pip is busy with."""
    verb, _, rest = line.partition(" ")
    if verb in ("Collecting", "Downloading", "Installing"):
        current.progress(f"{verb.lower()} {rest.split(' (')[0].split('/')[-1]}")

"""What Airflow needs in its folder of DAGs, as a folder that is copied there: the DAG, and the code that it imports."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.layout import ROOT
from scripts.errors import CommandError

DAG = Path("dags") / "healthcare_nightly.py"
IGNORED = ".airflowignore"
_PACKAGES = ("emulator", "engine", "infra", "scripts")
# What the rest of it imports is Pulumi.
_ONLY = {"infra": ("__init__.py", "output_parts.py", "output_reading.py", "outputs.py")}
_ENDINGS = frozenset((".py", ".json", ".gz", ".sql", ".txt"))


def pack(folder: Path) -> int:
    """Copy the DAG and its packages into a folder, which is made; gives the number of files.

    Airflow is told to look for no DAGs in the packages: each line of .airflowignore is the same pattern in its two
    syntaxes, regular expressions (2.11) and globs (3). Raises CommandError where there is no clone of the repository to
    copy from.
    """
    if not (ROOT / DAG).is_file():
        raise CommandError(f"{DAG} is not here: pack in a clone of the repository.")
    files = [path for package in _PACKAGES for path in _files(package)]
    for path in files:
        copy = folder / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy)
    shutil.copyfile(ROOT / DAG, folder / DAG.name)
    (folder / IGNORED).write_text("".join(f"{package}\n" for package in _PACKAGES))
    return len(files) + 2


def _files(package: str) -> list[Path]:
    """The files of a package, from the repository's root on."""
    top = ROOT / package
    found = (path for path in sorted(top.rglob("*")) if path.suffix in _ENDINGS or path.name == "NOTICE")
    only = _ONLY.get(package)
    return [path.relative_to(ROOT) for path in found if only is None or path.relative_to(top).as_posix() in only]

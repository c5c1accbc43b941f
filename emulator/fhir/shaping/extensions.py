"""Extensions as columns: which has which name, and what collides.

ANALYTICS has one value under each name. ANALYTICS_V2 has an array, so that an extension may come several times. The
rules are those of Google's own shaper (github.com/google/fhir/go v0.7.4), against whose rows they are tested.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from emulator.fhir.shaping import names

Json = dict[str, Any]
Shape = Callable[[Json], Any]
"""Makes of an extension what its column holds."""


class RowError(ValueError):
    """A resource has no row in this shape; one sentence for the person, which quotes no value of the resource."""


def add_single(row: Json, extensions: list[Json], shape: Shape) -> None:
    """Put extensions into a row, one under a name. RowError where two would have the same."""
    taken = Counter(_short(each).lower() for each in extensions)
    for extension in extensions:
        name = _short(extension)
        if name in row or taken[name.lower()] > 1:
            name = names.full(_url(extension))
            taken[name.lower()] += 1
            if name in row or taken[name.lower()] > 1:
                raise _collision(name)
        row[name] = shape(extension)


def add_repeated(row: Json, extensions: list[Json], shape: Shape) -> None:
    """Put extensions into a row, those of one URL together in an array."""
    shorts = Counter(_short(each).lower() for each in extensions)
    fulls = Counter(names.full(_url(each)).lower() for each in extensions)
    if "value" in row and any(_short(each) == names.full(_url(each)) == "value" for each in extensions):
        raise RowError("extension field has sub-extension that collides with value field")
    chosen = {_short(each): _needs_whole_url(row, each, shorts, fulls) for each in extensions}
    found: dict[str, list[Any]] = {}
    for extension in extensions:
        name, wanted = _short(extension), shorts
        if chosen[name]:
            name, wanted = names.full(_url(extension)), fulls
        values = found.setdefault(name.lower(), [])
        values.append(shape(extension))
        if len(values) == wanted[name.lower()]:
            row[name] = values


def _needs_whole_url(row: Json, extension: Json, shorts: Counter[str], fulls: Counter[str]) -> bool:
    """Whether the last part of the URL is taken: by another URL, a column, or what holds a value."""
    name = _short(extension)
    others = shorts[name.lower()] > fulls[names.full(_url(extension)).lower()]
    return others or name in row or name == "value"


def _url(extension: Json) -> str:
    url = extension.get("url")
    if not isinstance(url, str):
        raise RowError("url is not set for extension")
    return url


def _short(extension: Json) -> str:
    if name := names.short(_url(extension)):
        return name
    raise RowError("extension field name is empty")


def _collision(name: str) -> RowError:
    return RowError(f"extension field {name} ran into collision")

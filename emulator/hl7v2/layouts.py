"""The keys of a segment's values, told from its shape alone: its delimiters, written as HL7 recommends them.

A key is the field's number in its segment, from 0 for the segment's id; `[n]` for the n-th repetition from 0, only
where the field repeats; then the component and the subcomponent from 1, only where there are several: "3[0].4.1".
"""

from collections.abc import Iterator
from functools import lru_cache

Keys = tuple[str, ...]
FIELD, COMPONENT, REPETITION, SUBCOMPONENT = SEPARATORS = (b"|", b"^", b"~", b"&")
"""What shapes are written with."""
_LONG, _KEPT = 128, 4096
"""Delimiters of a shape that is not kept, and shapes that are: a megabyte or two, and 40 whatever is sent."""
_LONG_FIELD, _KEPT_FIELDS = 64, 4096
"""The same of fields."""


class Layouts(dict[bytes, Keys]):
    """The keys of the values of a segment, empty ones included, by its shape; made when they are first asked for."""

    def __missing__(self, shape: bytes) -> Keys:
        keys = tuple(_of_segment(shape))
        if len(shape) < _LONG:
            if len(self) >= _KEPT:
                self.clear()
            self[shape] = keys
        return keys


LAYOUTS = Layouts()


def _of_segment(shape: bytes) -> list[str]:
    keys: list[str] = []
    for number, field in enumerate(shape.split(FIELD)):
        if not field:
            keys.append(str(number))
        else:
            keys += _kept_field(number, field) if len(field) < _LONG_FIELD else _of_field(number, field)
    return keys


def _of_field(number: int, shape: bytes) -> Keys:
    repetitions = shape.split(REPETITION)
    if len(repetitions) == 1:
        return tuple(_of_repetition(str(number), shape))
    named = ((f"{number}[{place}]", each) for place, each in enumerate(repetitions))
    return tuple(key for name, each in named for key in _of_repetition(name, each))


_kept_field = lru_cache(maxsize=_KEPT_FIELDS)(_of_field)


def _of_repetition(name: str, shape: bytes) -> Iterator[str]:
    if not shape:
        yield name
        return
    for number, component in enumerate(shape.split(COMPONENT), 1):
        if component:
            yield from (f"{name}.{number}.{below}" for below in range(1, len(component) + 2))
        else:
            yield f"{name}.{number}"

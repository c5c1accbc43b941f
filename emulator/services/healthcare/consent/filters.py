"""Filters of lists: texts, times, metadata (Cloud Healthcare: the filter of consents, artifacts and mappings).

A text is searched within its field, as a whole word; times are compared. There is no `!=`; NOT negates.
"""

import re
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from typing import Any

from emulator.errors import invalid_argument
from emulator.gateway import filters
from emulator.gateway.filters import Predicate
from emulator.services.healthcare import times

Json = dict[str, Any]
_VALUE, _HAS = "Metadata", "HasMetadata"
_CALL = re.compile(rf"({_VALUE}|{_HAS})\((.*)\)", re.DOTALL)
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}

TEXT, TIME, FLAG = "text", "time", "flag"
"""What a field holds."""


def keeps(text: str, fields: Mapping[str, tuple[str, str]], *, metadata: bool = False) -> Predicate:
    """What tells whether an entry of a list, as it is shown, passes a filter; "" lets all pass.

    fields are those that can be named, each with its name in JSON and what it holds. Raises a 400.
    """
    if not text:
        return lambda _shown: True
    functions = (_VALUE, _HAS) if metadata else ()
    return filters.compile_filter(text, lambda *said: _comparison(fields, *said, metadata=metadata), functions)


def _comparison(
    fields: Mapping[str, tuple[str, str]], path: str, operator: str, wanted: str, *, metadata: bool
) -> Predicate:
    if metadata and (call := _CALL.fullmatch(path or wanted)) is not None and bool(path) == (call[1] == _VALUE):
        return _of_metadata(call[2], operator, wanted)
    if path not in fields:
        known = ", ".join((*fields, *((f'{_VALUE}("key")', f'{_HAS}("key")') if metadata else ())))
        raise invalid_argument(
            f'Invalid filter: "{(path or wanted)[:60]}" can not be compared here; these can: {known}.'
        )
    name, held = fields[path]
    if held == TIME and operator in _ORDERS:
        return _of_time(name, path, operator, wanted)
    if operator != "=":
        raise invalid_argument(f'Invalid filter: {path} takes "=" only, and NOT before it.')
    if held == FLAG:
        return lambda shown: str(bool(shown.get(name))).lower() == wanted.lower()
    return lambda shown: holds_word(str(shown.get(name, "")), wanted)


def holds_word(text: str, word: str) -> bool:
    """Whether a text has a word in it, with no letter or digit beside it."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _of_metadata(key: str, operator: str, wanted: str) -> Predicate:
    if not operator:
        return lambda shown: key in shown.get("metadata", {})
    if operator != "=":
        raise invalid_argument(f'Invalid filter: {_VALUE}("{key[:60]}") takes "=" only, and NOT before it.')
    return lambda shown: shown.get("metadata", {}).get(key) == wanted


def _of_time(name: str, path: str, operator: str, wanted: str) -> Predicate:
    moment = times.of(wanted, f"value of {path} in filter")
    compare = _ORDERS[operator]
    return lambda shown: name in shown and compare(times.of(shown[name], name), moment)

"""Terms of texts, and whether texts have those of a query.

https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions and text-analysis
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from emulator.services.bigquery.sql.scalars.errors import ScalarError

LOG, NO_OP, PATTERN = "LOG_ANALYZER", "NO_OP_ANALYZER", "PATTERN_ANALYZER"
DELIMITERS = (
    *"[]<>(){}|!;,'\"*&?+/:=@.-$%\\_\n\r\t ",
    *[
        "%21",
        "%26",
        "%2526",
        "%3B",
        "%3b",
        "%7C",
        "%7c",
        "%20",
        "%2B",
        "%2b",
        "%3D",
        "%3d",
        "%2520",
        "%5D",
        "%5d",
        "%5B",
        "%5b",
        "%3A",
        "%3a",
        "%0A",
        "%0a",
        "%2C",
        "%2c",
        "%28",
        "%29",
    ],
)  # bigquery/docs/text-analysis-search#log_analyzer
WORDS = r"\b\w{2,}\b"  # the pattern of PATTERN_ANALYZER where none is given
QUERY = re.compile(r'`(?P<exact>[^`]*)`|"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<plain>(?:[^`"\s\\]|\\.)+)', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
SCOPES = {"JSON_VALUES": (False, True), "JSON_KEYS": (True, False), "JSON_KEYS_AND_VALUES": (True, True)}
Filter = Callable[[list[str]], list[str]]


class Analyzer:
    """Breaks texts into terms; options are the JSON of analyzer_options. Raises ScalarError for what is none."""

    def __init__(self, name: str, options: str) -> None:
        self.name = name
        given = _options(options)
        self._split = self._splitter(given)
        self._filters = [_filter(one) for one in given.pop("token_filters", [])]
        if name != NO_OP and not any("normalizer" in one for one in _options(options).get("token_filters", [])):
            self._filters.insert(0, lambda terms: [_lower(term) for term in terms])
        if given:
            raise ScalarError(f"The analyzer option {next(iter(given))} is not one of {name}")

    def _splitter(self, given: dict[str, Any]) -> re.Pattern[str]:
        if self.name == LOG:
            delimiters = sorted(given.pop("delimiters", DELIMITERS), key=len, reverse=True)
            return re.compile("|".join(map(re.escape, delimiters)) or r"\Z")
        if self.name == PATTERN:
            patterns = given.pop("patterns", [WORDS])
            try:
                return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
            except re.error:
                raise ScalarError(f"Cannot parse a pattern of {PATTERN}") from None
        if self.name != NO_OP:
            raise ScalarError(f"Unknown text analyzer: {self.name}; {LOG}, {NO_OP} and {PATTERN} exist")
        return re.compile(r"\Z")

    def terms(self, text: str) -> list[str]:
        """The terms of a text, in their order."""
        if self.name == NO_OP:
            return [text]
        if self.name == PATTERN:
            found = [match[0] for match in self._split.finditer(text)]
        else:
            found = [term for term in self._split.split(text) if term]
        for change in self._filters:
            found = change(found)
        return found

    def between(self, text: str, term: str) -> bool:
        """Whether a text has this very term between delimiters, or its ends."""
        place = text.find(term)
        while place >= 0:
            if self._ends(text[:place], at_end=True) and self._ends(text[place + len(term) :], at_end=False):
                return True
            place = text.find(term, place + 1)
        return False

    def _ends(self, rest: str, *, at_end: bool) -> bool:
        meets = rest.endswith if at_end else rest.startswith
        return not rest or meets(DELIMITERS)


def _lower(text: str) -> str:
    """The ASCII letters of a text in lower case."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _options(text: str) -> dict[str, Any]:
    try:
        given = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise ScalarError("analyzer_options must be a JSON object")
    return given


def _filter(given: dict[str, Any]) -> Filter:
    """A token filter: {"normalizer": {"mode": ...}} or {"stop_words": [...]}."""
    if "stop_words" in given:
        stopped = set(given["stop_words"])
        return lambda terms: [term for term in terms if term not in stopped]
    normalizer = given.get("normalizer") or {}
    mode = str(normalizer.get("mode", "LOWER"))
    if mode == "NONE":
        return lambda terms: terms
    if mode == "LOWER":
        return lambda terms: [_lower(term) for term in terms]
    if mode == "ICU_NORMALIZE":
        form: Any = str(normalizer.get("icu_normalize_mode", "NFC"))
        folds = bool(normalizer.get("icu_case_folding", True))
        return lambda terms: [_normalized(term, form, folds=folds) for term in terms]
    raise ScalarError(f"The token filter's mode {mode} is not one of LOWER, ICU_NORMALIZE and NONE")


def _normalized(term: str, form: Any, *, folds: bool) -> str:
    return unicodedata.normalize(form, term.casefold() if folds else term)


@functools.lru_cache(maxsize=100)
def analyzer(name: str, options: str) -> Analyzer:
    """The analyzer of that name with these options. Raises ScalarError for one that there is not."""
    return Analyzer(name, options)


def analyze(text: str, name: str, options: str) -> list[str]:
    """TEXT_ANALYZE. Raises ScalarError for an analyzer or options that there are not."""
    return analyzer(name, options).terms(text)


def search(texts: Sequence[str | None] | None, query: str | None, name: str, options: str) -> bool:
    """SEARCH: whether one of the texts has everything that the query asks for.

    Raises ScalarError for a query without terms, and an analyzer or options that there are not.
    """
    if query is None:
        raise ScalarError("SEARCH function's search_query argument must not be NULL")
    wanted = _wanted(query, name, options)
    return any(text is not None and all(found(text) for found in wanted) for text in texts or ())


@functools.lru_cache(maxsize=500)
def _wanted(query: str, name: str, options: str) -> list[Callable[[str], bool]]:
    """The conditions of a query on a text."""
    chosen = analyzer(name, options)
    if name == NO_OP:
        return [lambda text: text == query]
    wanted: list[Callable[[str], bool]] = []
    for match in QUERY.finditer(query) if name == LOG else ():
        if match["exact"] is not None:
            wanted.append(functools.partial(_has_exact, chosen, match["exact"]))
        elif match["phrase"] is not None:
            wanted.append(functools.partial(_has_phrase, chosen, chosen.terms(ESCAPED.sub(r"\1", match["phrase"]))))
        else:
            wanted += [
                functools.partial(_has_phrase, chosen, [term])
                for term in chosen.terms(ESCAPED.sub(r"\1", match["plain"]))
            ]
    if name == PATTERN:
        wanted = [functools.partial(_has_phrase, chosen, [term]) for term in chosen.terms(query)]
    if not wanted:
        raise ScalarError("SEARCH function's search_query argument must have at least one term")
    return wanted


def _has_exact(chosen: Analyzer, term: str, text: str) -> bool:
    return chosen.between(text, term)


def _has_phrase(chosen: Analyzer, terms: list[str], text: str) -> bool:
    found = chosen.terms(text)
    return any(found[place : place + len(terms)] == terms for place in range(len(found) - len(terms) + 1))


def json_texts(text: str, scope: str) -> list[str]:
    """The texts of a JSON value that SEARCH looks at: values, keys or both. Raises ScalarError for another scope."""
    if scope not in SCOPES:
        raise ScalarError(f"json_scope is one of {', '.join(SCOPES)}, not {scope}")
    return list(_texts(orjson.loads(text), *SCOPES[scope]))


def _texts(value: Any, keys: bool, values: bool) -> Iterator[str]:
    if isinstance(value, dict):
        if keys:
            yield from value
        for inner in value.values():
            yield from _texts(inner, keys, values)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, keys, values)
    elif values and value is not None:
        yield value if isinstance(value, str) else orjson.dumps(value).decode()

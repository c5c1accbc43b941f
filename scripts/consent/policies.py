"""Policies from what a person says: attributes and values, as the rule language of consents has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.consent import rules
from emulator.consent.errors import InvalidRule
from scripts.errors import UsageError

Json = dict[str, Any]
PURPOSE = "purpose"
"""The request attribute that says what data is wanted for."""


def values_of(words: Sequence[str], option: str) -> dict[str, list[str]]:
    """`NAME=VALUE[,VALUE]`, several times, as values by attribute. Raises UsageError, which names the option."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, equals, said = word.partition("=")
        chosen = [value.strip() for value in said.split(",")]
        if not name or not equals or not all(chosen):
            raise UsageError(
                f"{option} {word} says no attribute: write NAME=VALUE, or NAME=VALUE,VALUE for any of them."
            )
        found.setdefault(name, []).extend(chosen)
    return found


def request_of(purpose: str | None, words: Sequence[str]) -> dict[str, str]:
    """The attributes of one request: its purpose, and NAME=VALUE. Raises UsageError for several values of one."""
    found = values_of([*([f"{PURPOSE}={purpose}"] if purpose else []), *words], "--request")
    several = next((name for name, chosen in found.items() if len(chosen) > 1), None)
    if several is not None:
        raise UsageError(f"A request has one value of {several}: ask once for each.")
    return {name: chosen[0] for name, chosen in found.items()}


def rule(requests: Mapping[str, Sequence[str]]) -> str:
    """The authorization rule that permits requests with one of the values of each attribute."""
    return " && ".join(_term(name, chosen) for name, chosen in requests.items())


def _term(name: str, chosen: Sequence[str]) -> str:
    texts = [_text(value) for value in chosen]
    return f"{name} == {texts[0]}" if len(texts) == 1 else f"{name} in [{', '.join(texts)}]"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def require_defined(definitions: Mapping[str, Json], expression: str, chosen: Mapping[str, Sequence[str]]) -> None:
    """Refuse a rule that the store would refuse, or values that no request or data has, before anything is kept.

    Raises UsageError.
    """
    try:
        named = rules.read(expression).attributes
    except InvalidRule as problem:
        raise UsageError(f"--rule {expression} can't be read: {problem}.") from None
    for name in (*named, *chosen):
        if name not in definitions:
            raise UsageError(f"The consent store has no attribute {name}: it has {', '.join(definitions) or 'none'}.")
    for name, values in chosen.items():
        allowed = definitions[name]["allowedValues"]
        for value in values:
            if value not in allowed:
                raise UsageError(f"{value} is no value of {name}: these are {', '.join(allowed)}.")


def attributes_of(chosen: Mapping[str, Sequence[str]]) -> list[Json]:
    """Values by attribute in the form of Google's Attribute."""
    return [{"attributeDefinitionId": name, "values": list(values)} for name, values in chosen.items()]


def policy(expression: str, data: Mapping[str, Sequence[str]]) -> Json:
    """A policy: who may use data with these attributes, all data of the patient where there are none."""
    said: Json = {"authorizationRule": {"expression": expression}}
    return {**said, "resourceAttributes": attributes_of(data)} if data else said

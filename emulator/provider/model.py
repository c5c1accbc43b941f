"""How a resource of the gcp plugin is described: where it lives in the API and what is particular about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from emulator.provider.values import UNKNOWN

_VARIABLE = re.compile(r"\{(\+?)(\w+)\}")


class UnknownVariableError(LookupError):
    """A template needs a property whose value is not known yet (a preview) or was never given."""


def expand(template: str, values: Mapping[str, Any], *, escape: bool = True) -> str:
    """Fill a template: `{name}` with the value escaped for one path segment, `{+name}` with the value as it is.

    Raises UnknownVariableError, whose argument is the property's name, when a value is missing or unknown.
    """

    def fill(match: re.Match[str]) -> str:
        value = values.get(match[2])
        if value is None or value is UNKNOWN:
            raise UnknownVariableError(match[2])
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return text if match[1] or not escape else quote(text, safe="@:~!$&'()*+,;=")

    return _VARIABLE.sub(fill, template)


def parse(template: str, text: str) -> dict[str, str] | None:
    """Read the variables of a template back from a text; None when the text has another shape."""
    pattern, position = "", 0
    for match in _VARIABLE.finditer(template):
        pattern += re.escape(template[position : match.start()]) + f"(?P<{match[2]}>{'.+' if match[1] else '[^/ ]+'})"
        position = match.end()
    found = re.fullmatch(pattern + re.escape(template[position:]), text)
    return found.groupdict() if found else None


@dataclass(frozen=True)
class Call:
    """One REST call: verb, path below the service's endpoint, and query, the last two as templates of properties."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """One resource token. Property names are the plugin's (camelCase); a path such as `view.query` names a nested one.

    resource_type
                the type token, e.g. `gcp:healthcare/dicomStore:DicomStore`
    service     the stem of the endpoint's configuration key, e.g. `healthcare` of `gcp:healthcareCustomEndpoint`
    id          template of the resource's id
    imports     templates of the ids that an import takes, first match wins
    create, read, update, delete
                the calls; None where the API has none
    autoname    the property that gets a name made from the logical name when the program gives none
    address     properties that say where the resource is: they come from the program or the id, never from an answer
    unsent      properties that travel in the path or query, not in a body
    immutable   properties whose change replaces the resource
    local       properties that only the plugin knows: never sent, never read
    computed    properties that the service fills in when the program leaves them out
    defaults    values that the plugin sends when the program leaves them out
    rename      plugin's name to API's name, at any depth, where they differ
    unordered   lists whose order means nothing
    ignore_case texts that the API may give back in another case
    short_names texts that may be a resource's full name or only its last part
    as_json     texts that hold JSON, compared by meaning
    text_numbers integers that the API wants as JSON texts
    nulls       properties sent as null when left out
    volatile    outputs that any update changes
    mask        the update carries an updateMask of the changed fields
    wrap        the update's body is wrapped in an object under this key
    whole       the update sends the whole resource, immutable properties included
    """

    resource_type: str
    service: str
    id: str
    create: Call
    read: Call | None
    update: Call | None = None
    delete: Call | None = None
    imports: tuple[str, ...] = ()
    autoname: str = "name"
    address: frozenset[str] = frozenset()
    unsent: frozenset[str] = frozenset()
    immutable: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    unordered: frozenset[str] = frozenset()
    ignore_case: frozenset[str] = frozenset()
    short_names: frozenset[str] = frozenset()
    as_json: frozenset[str] = frozenset()
    text_numbers: frozenset[str] = frozenset()
    nulls: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()
    mask: bool = True
    wrap: str = ""
    whole: bool = False

    def parse_id(self, text: str) -> dict[str, str] | None:
        """The address properties that an import id gives, or None when it has none of the accepted shapes."""
        for template in (*self.imports, self.id):
            found = parse(template, text)
            if found is not None:
                return found
        return None


def props(text: str) -> frozenset[str]:
    """A set of property paths written as words: `props("name location")`."""
    return frozenset(text.split())

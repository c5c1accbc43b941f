"""Which method a request is for: one trie over all documents' paths, by segment, with `:verb` suffixes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from urllib.parse import unquote

from emulator.gateway.discovery import Document, Method

OPEN_SEGMENTS = 16
LONGEST_KEPT = 512
_ENCODED_SLASH = re.compile("%2[Ff]")
_VARIABLE = re.compile(r"\{(\+?)([^}]+)\}")


class Route:
    """A method at one of its paths; `spans` says which segments make each template variable."""

    def __init__(self, method: Method, template: str, flat: str, upload: bool) -> None:
        self.method = method
        self.upload = upload
        self._template = template
        self._flat = flat

    @cached_property
    def spans(self) -> tuple[tuple[str, int, int], ...]:
        """(variable, first segment, one past the last segment) for each template variable."""
        return _spans(self._template, self._flat)

    @cached_property
    def verb(self) -> str:
        """What follows the last variable in its segment: ":deidentify", or nothing."""
        last = self._flat.rsplit("/", 1)[-1]
        return last[last.index("}") + 1 :] if "}" in last else ""

    def variables(self, segments: list[str]) -> dict[str, str]:
        """The template variables of a request's raw segments, percent-decoded."""
        if self.verb:
            segments = [*segments[:-1], segments[-1][: -len(self.verb)]]
        return {name: self._decoded(name, "/".join(segments[first:last])) for name, first, last in self.spans}

    def _decoded(self, name: str, raw: str) -> str:
        """A variable's text. One of several segments ({+name}) keeps a slash that was encoded: it parts no segments."""
        if name not in self._reserved or "%" not in raw:
            return unquote(raw)
        return "%2F".join(unquote(part) for part in _ENCODED_SLASH.split(raw))

    @cached_property
    def _reserved(self) -> frozenset[str]:
        return frozenset(match[2] for match in _VARIABLE.finditer(self._template) if match[1])


class _Node:
    __slots__ = ("children", "routes")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.routes: dict[str, Route] = {}


Found = tuple[Route | None, dict[str, str], Route | None]


class Router:
    """Finds the method for an HTTP verb and a raw (still percent-encoded) path."""

    def __init__(self, documents: list[Document]) -> None:
        self._root = _Node()
        for document in documents:
            for method in document.methods:
                for flat in _flat_paths(method):
                    self._add(method, method.template, flat, upload=False)
                for path in method.upload_paths:
                    self._add(method, path, _flat(path, method), upload=True)
        self._find_cached = lru_cache(maxsize=4096)(self._find)

    def _add(self, method: Method, template: str, flat: str, *, upload: bool) -> None:
        node = self._root
        for segment in flat.split("/"):
            node = node.children.setdefault(_key(segment), _Node())
        # The first document that claims a path keeps it (`locations` is in several).
        node.routes.setdefault(method.http, Route(method, template, flat, upload))

    def find(self, http: str, raw_path: str) -> Found:
        """The route, its path variables (decoded), and where there is none, a route of the path for another verb."""
        # What is long is not kept: thousands of addresses of 64 kB each would fill the memory.
        return (self._find_cached if len(raw_path) <= LONGEST_KEPT else self._find)(http, raw_path)

    def _find(self, http: str, raw_path: str) -> Found:
        segments = raw_path.strip("/").split("/")
        other = None
        for node in self._nodes(self._root, segments, 0):
            route = node.routes.get(http)
            if route is not None:
                return route, route.variables(segments), None
            other = other or next(iter(node.routes.values()))
        return None, {}, other

    def _nodes(self, node: _Node, segments: list[str], at: int) -> list[_Node]:
        if at == len(segments):
            return [node] if node.routes else []
        segment = segments[at]
        found: list[_Node] = []
        child = node.children.get(segment)
        if child is not None:
            found += self._nodes(child, segments, at + 1)
        head, colon, verb = segment.rpartition(":")
        if colon and head and (child := node.children.get("*:" + verb)) is not None:
            found += self._nodes(child, segments, at + 1)
        if segment and (child := node.children.get("*")) is not None:
            found += self._nodes(child, segments, at + 1)
        return found


def _flat_paths(method: Method) -> Iterator[str]:
    """The flat path, and the others that the method's pattern allows.

    DICOMweb bulk data is named by a tag, or by tags and items; blob storage settings are those of a study, a series or
    an instance; types of metrics have slashes, and bindings of tags are named by two things.
    """
    flat = method.flat_path
    yield flat
    if flat.endswith("/studies/{studiesId}:setBlobStorageSettings"):
        study, _, verb = flat.rpartition(":")
        yield f"{study}/series/{{seriesId}}:{verb}"
        yield f"{study}/series/{{seriesId}}/instances/{{instancesId}}:{verb}"
    if flat.endswith("/tagBindings/{tagBindingsId}"):
        yield f"{flat}/tagValues/{{tagValuesId}}"
    described = flat.endswith("/metricDescriptors/{metricDescriptorsId}")
    if flat.endswith("/{bulkdataId}/{bulkdataId1}"):
        yield flat.rpartition("/")[0]
    if described or flat.endswith("/{bulkdataId}/{bulkdataId1}"):
        for more in range(1, OPEN_SEGMENTS):
            yield flat + "".join(f"/{{more{number}}}" for number in range(more))


def _flat(path: str, method: Method) -> str:
    """The flat form of an upload path: what stands before the method's own path, and the method's flat path."""
    if not path.endswith(method.template):
        raise ValueError(f"the upload path {path} does not end with {method.template}, the path of {method.id}")
    return path.removesuffix(method.template) + method.flat_path


def _key(segment: str) -> str:
    if "{" not in segment:
        return segment
    return "*" + segment[segment.index("}") + 1 :]


def _spans(template: str, flat: str) -> tuple[tuple[str, int, int], ...]:
    """Lay a template's variables over the segments of its flat path."""
    pattern = ""
    position = 0
    for match in _VARIABLE.finditer(template):
        pattern += re.escape(template[position : match.start()])
        pattern += f"(?P<{_group(match[2])}>{'.+?' if match[1] else '[^/]+?'})"
        position = match.end()
    pattern += re.escape(template[position:])
    matched = re.fullmatch(pattern, flat)
    if matched is None:
        raise ValueError(f"the path {flat} does not fit its template {template}")
    spans = []
    for variable in _VARIABLE.finditer(template):
        start, end = matched.span(_group(variable[2]))
        first = flat.count("/", 0, start)
        spans.append((variable[2], first, first + 1 + flat.count("/", start, end)))
    return tuple(spans)


def _group(name: str) -> str:
    return re.sub(r"\W", "_", name)

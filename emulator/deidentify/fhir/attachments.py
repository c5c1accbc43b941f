"""Attachments and Binary: the data in base64 read by their content type, cleaned, and written back.

Data that begin as a kind of document does are read as that, whatever their content type says. What can't be read as
text can't be cleaned, and goes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import orjson

from emulator.deidentify.fhir import rtf
from emulator.deidentify.fhir.narratives import Narrative
from emulator.deidentify.text import Cleaner, Known
from emulator.deidentify.text.findings import FindingKind, Origin
from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused

Json = dict[str, Any]
Found = tuple[FindingKind, ...]
Inner = Callable[[Json], tuple[Json | None, Found]]
_CHARSET = re.compile(r';\s*charset="?([A-Za-z0-9_\-:.]+)"?', re.IGNORECASE)
_PARAMETER = re.compile(r"\s*;(?!\s*charset\s*=)[^;]*", re.IGNORECASE)
_MARKUP = re.compile(r"(text|application)/(.+\+)?(html|xml|xhtml)(\+xml)?")
_JSON = re.compile(r"(text|application)/(.+\+)?json")
_OPAQUE = re.compile(r"(image|audio|video|font|model)/.*|application/(dicom|pdf|zip|gzip|octet-stream|msword|vnd\..*)")
_LOOKS_LIKE_MARKUP = re.compile(r"\s*<(?:!doctype|\?xml|!--|[a-z][\w:.-]*[\s/>])", re.IGNORECASE)
_LOOKS_LIKE_PDF = re.compile(r"\s*%PDF-")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class Attached:
    """Cleans the data of attachments."""

    def __init__(self, cleaner: Cleaner, narrative: Narrative, resource: Inner) -> None:
        """`resource` de-identifies a FHIR resource of an attachment, None for none, and says what it found."""
        self._cleaner = cleaner
        self._narrative = narrative
        self._resource = resource

    def cleaned(self, data: str, content_type: str, known: Known, context: str) -> tuple[str | None, Found]:
        """The data in base64, None where they are no text; and what was found in them."""
        kind = content_type.partition(";")[0].strip().lower()
        text = None if _OPAQUE.fullmatch(kind) else _decoded(data, content_type)
        if text is None:
            return None, ()
        new, found = self._cleaned(text, kind, known, context)
        if new is None or new == text:
            return (data if new is not None else None), found
        return base64.b64encode(new.encode(_charset(content_type), "replace")).decode(), found

    def _cleaned(self, text: str, kind: str, known: Known, context: str) -> tuple[str | None, Found]:
        if rtf.is_rtf(text):
            plain, found = self._plain(rtf.shown(text), known, context)
            return rtf.written(plain), found
        if _LOOKS_LIKE_PDF.match(text):
            return None, ()
        if _MARKUP.fullmatch(kind) or _LOOKS_LIKE_MARKUP.match(text):
            return self._narrative.cleaned(text, known, context)
        if _JSON.fullmatch(kind) or text.lstrip()[:1] in ("{", "["):
            return self._in_json(text, known, context)
        return self._plain(text, known, context)

    def _plain(self, text: str, known: Known, context: str) -> tuple[str, Found]:
        result = self._cleaner.clean(text, known, context)
        return result.text, tuple(each.kind(Origin.RESOURCE) for each in result.findings)

    def _in_json(self, text: str, known: Known, context: str) -> tuple[str | None, Found]:
        """JSON with its strings cleaned; a resource as one. What is no JSON is text."""
        try:
            value = parsing.parse(text.encode(), None) if text.lstrip()[:1] == "{" else orjson.loads(text)
        except (Refused, orjson.JSONDecodeError):
            return self._plain(text, known, context)
        if isinstance(value, dict) and "resourceType" in value:
            made, kinds = self._resource(value)
            return (None if made is None else parsing.serialize(made).decode()), kinds
        found: list[FindingKind] = []
        return parsing.serialize(self._strings(value, known, context, found)).decode(), tuple(found)

    def _strings(self, value: Any, known: Known, context: str, found: list[FindingKind]) -> Any:
        """A value of JSON with its texts and keys cleaned; a number in which something is found becomes a text."""
        if isinstance(value, list):
            return [self._strings(each, known, context, found) for each in value]
        if isinstance(value, dict):
            return {
                self._strings(name, known, context, found): self._strings(each, known, context, found)
                for name, each in value.items()
            }
        if value is None or isinstance(value, bool):
            return value
        result = self._cleaner.clean(str(value), known, context)
        found += [each.kind(Origin.RESOURCE) for each in result.findings]
        return result.text if result.findings else value


def bare_type(content_type: str) -> str:
    """A content type with its character set alone: other parameters, such as the name of a file, may say anything."""
    return _PARAMETER.sub("", content_type)


def _charset(content_type: str) -> str:
    """The character set that a content type names, UTF-8 where it names none that Python knows."""
    found = _CHARSET.search(content_type)
    try:
        "".encode(found[1] if found else "utf-8")
    except LookupError:
        return "utf-8"
    return found[1] if found else "utf-8"


def _decoded(data: str, content_type: str) -> str | None:
    """The text that base64 holds; None where it is none."""
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
        text = raw.decode(_charset(content_type))
    except (binascii.Error, UnicodeDecodeError):
        return None
    return None if _CONTROL.search(text) else text

"""Media types (RFC 9110 8.3) with their parameters, and the choice of what to answer (PS3.18 8.7)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WEIGHT = re.compile(r"[0-9]{1,9}(\.[0-9]{0,9})?")
"""A weight (RFC 9110 12.4.2), of more digits than it may have, too; what is none counts as 1."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range in lower case, its parameters (names in lower case, values unquoted), and its quality."""

    name: str
    parameters: dict[str, str]
    quality: float = 1.0


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be answered: a media type, as part of multipart/related or alone, in these syntaxes.

    The first syntax is the default; "*" among them means that the stored form can be asked for.
    """

    media: str
    multipart: bool
    syntaxes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The offer that was taken and the transfer syntax asked for ("*": as stored; "" where the offer has none).

    `default` says that no syntax was named: it is the offer's first one.
    """

    offer: Offer
    syntax: str
    default: bool = False


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator that stands outside quotes."""
    parts, start, quoted, position = [], 0, False, 0
    while position < len(text):
        sign = text[position]
        if sign == "\\" and quoted:
            position += 1
        elif sign == '"':
            quoted = not quoted
        elif sign == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    return parts


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    return text


def parse_media_type(text: str) -> MediaType:
    """Read `type/subtype; name=value; name="quoted value"`."""
    name, *rest = _split(text, ";")
    parameters = {}
    for item in rest:
        key, equals, value = item.partition("=")
        if equals:
            parameters[key.strip().lower()] = _unquoted(value)
    weight = parameters.pop("q", "1").strip()
    quality = min(float(weight), 1.0) if _WEIGHT.fullmatch(weight) else 1.0
    return MediaType(name.strip().lower(), parameters, quality)


def parse_accept(header: str) -> list[MediaType]:
    """Read an Accept header, best quality first, equal ones in their order; nothing means anything."""
    ranges = [parse_media_type(item) for item in _split(header, ",") if item.strip()]
    return sorted(ranges or [MediaType("*/*", {})], key=lambda media: -media.quality)


def choose(header: str, offers: Sequence[Offer]) -> Choice | None:
    """Choose among offers (best first) what an Accept header asks for; None if nothing of it can be given (406).

    Of ranges that match an offer the most specific one says its quality (RFC 9110 12.5.1): `image/png;q=0, */*` is
    anything but PNG.
    """
    ranges = parse_accept(header)
    for wanted in ranges:
        if wanted.quality == 0:
            continue
        for offer in offers:
            syntax = _match(wanted, offer)
            if syntax is not None and not _refused(ranges, wanted, offer):
                return Choice(offer, syntax, "transfer-syntax" not in wanted.parameters)
    return None


def _refused(ranges: Sequence[MediaType], wanted: MediaType, offer: Offer) -> bool:
    """Whether a range more specific than the one that was matched gives the offer no quality."""
    return any(
        other.quality == 0 and _match(other, offer) is not None and _precision(other) > _precision(wanted)
        for other in ranges
    )


def _precision(media: MediaType) -> int:
    """Rank a range: */*, type/*, multipart/related of any type, a type, a type with its transfer syntax."""
    if media.name == "*/*":
        return 0
    inner = media.parameters.get("type", "*/*") if media.name.startswith("multipart/") else media.name
    exact = 1 if media.name.endswith("/*") or inner.endswith("/*") else 2
    return exact * 2 + ("transfer-syntax" in media.parameters)


def _within(media: str, wanted: str) -> bool:
    """Whether a media type lies in a range: itself, type/* or */*."""
    return wanted in (media, "*/*") or (wanted.endswith("/*") and media.startswith(wanted[:-1]))


def _match(wanted: MediaType, offer: Offer) -> str | None:
    """The transfer syntax if the offer satisfies the range, else None."""
    if offer.multipart and wanted.name != "*/*":
        inner = wanted.parameters.get("type", "*/*").lower()
        fits = wanted.name in ("multipart/related", "multipart/*") and _within(offer.media, inner)
    else:
        fits = _within(offer.media, wanted.name)
    if not fits:
        return None
    if not offer.syntaxes:
        return ""
    asked = wanted.parameters.get("transfer-syntax", offer.syntaxes[0])
    return asked if asked in offer.syntaxes else None

"""Conditions on the version of a resource: If-Match and If-None-Match (RFC 9110 13), of requests and entries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.services.healthcare.fhir import errors
from emulator.services.healthcare.fhir.stored import Version

_ETAG = re.compile(r'\s*(?:W/)?"?([^",]*)"?\s*')
ANY = "*"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold before a change; empty texts ask nothing."""

    match: str = ""
    none_match: str = ""

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> "Conditions":
        """The conditions of a request."""
        return cls(headers.get("if-match", "").strip(), headers.get("if-none-match", "").strip())

    def require(self, relative: str, live: Version | None, version: str) -> None:
        """Refuse with 412 what does not hold for a resource's current version; None is no resource.

        If-None-Match counts in R4 and R5 (Cloud Healthcare: fhir.update).
        """
        now = "" if live is None else live.version_id
        if self.match and not (live is not None and names(self.match, now)):
            raise errors.stale(relative, now)
        if self.none_match and version in ("R4", "R5") and live is not None and names(self.none_match, now):
            raise errors.stale(relative, now)


NONE = Conditions()


def names(header: str, version_id: str) -> bool:
    """Whether a list of ETags has that of a version, or is *."""
    if header == ANY:
        return True
    return any((found := _ETAG.fullmatch(part)) and found[1] == version_id for part in header.split(","))

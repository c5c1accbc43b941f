"""gs:// URIs, as other services' requests name objects and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from emulator.errors import invalid_argument

_URI = re.compile(r"gs://([a-z0-9][a-z0-9._\-]{1,220}[a-z0-9])(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class GsUri:
    """gs://BUCKET/NAME: an object, or what the names of several look like or begin with."""

    bucket: str
    name: str

    @classmethod
    def of(cls, uri: str) -> Self | None:
        """What the URI of an object names, with wildcards or not; None if it is none."""
        found = _URI.fullmatch(uri)
        return cls(found[1], found[2]) if found is not None and found[2] else None

    @classmethod
    def parse(cls, uri: str, field: str) -> Self:
        """Read the URI of an object, with wildcards or not; 400, which names the request's field, if it is none."""
        found = cls.of(uri)
        if found is None:
            raise _invalid(uri, field, "gs://BUCKET/OBJECT")
        return found

    @classmethod
    def parse_folder(cls, uri: str, field: str) -> Self:
        """Read the URI of a folder: its name ends with a slash, and is "" for the bucket itself; 400 if it is none."""
        found = _URI.fullmatch(uri)
        if found is None:
            raise _invalid(uri, field, "gs://BUCKET[/FOLDER]")
        name = found[2] or ""
        return cls(found[1], name if not name or name.endswith("/") else f"{name}/")

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}"


def _invalid(uri: str, field: str, form: str) -> Exception:
    return invalid_argument(f'Invalid {field} "{uri[:200]}": it must be {form}.')

"""Names around tags: namespaces, full names of resources, and what a policy's resource is by its full name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.access.hierarchy import ORGANIZATION, by_id, by_number
from emulator.errors import invalid_argument, permission_denied
from emulator.services.storage import api as storage

if TYPE_CHECKING:
    from emulator.context import Context

KEYS, VALUES, BINDINGS = (f"cloudresourcemanager.{kind}" for kind in ("tagKeys", "tagValues", "tagBindings"))
SHORT = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,254}[a-zA-Z0-9])?")
_FULL = re.compile(r"//([a-z]+)\.googleapis\.com/(.+)")


def check_short(text: str) -> None:
    """Raise a 400 for what is no short name of a key or value."""
    if not SHORT.fullmatch(text):
        raise invalid_argument(
            f'Invalid shortName "{text[:80]}": 1 to 256 letters, digits, -, _ and ., beginning and ending with a letter'
            " or digit."
        )


def namespace(context: Context, parent: str) -> str:
    """The first part of namespaced names: the organization's id, or the project's. Raises a 403 for another parent."""
    if parent == ORGANIZATION:
        return parent.rpartition("/")[2]
    name = by_id(context, parent)
    if name.startswith("projects/") and context.project_exists(name.removeprefix("projects/")):
        return name.removeprefix("projects/")
    raise permission_denied(f"The caller does not have permission on {parent[:100]}, or it does not exist.")


def full(context: Context, text: str) -> str:
    """The full name of a resource with its project's number. Raises a 400 for what is none."""
    found = _FULL.fullmatch(text)
    if found is None:
        raise invalid_argument(
            f'Invalid resource "{text[:100]}": give its full name, such as'
            " //cloudresourcemanager.googleapis.com/projects/123."
        )
    return f"//{found[1]}.googleapis.com/{by_number(context, found[2])}"


def resource(context: Context, full_name: str) -> str:
    """The resource of a full name as policies know it: projects/P, projects/P/locations/..., projects/P/buckets/B."""
    name = full_name.split("/", 3)[3]
    if name.startswith("projects/_/buckets/"):
        bucket = name.rpartition("/")[2]
        name = f"projects/{storage.get_bucket(context, bucket)['projectNumber']}/buckets/{bucket}"
    return by_id(context, name)


def service(full_name: str) -> str:
    """The service of a full name, such as storage."""
    return full_name[2:].partition(".")[0]


def binding_name(full_name: str, value: str) -> str:
    """The name of the binding of a value to a resource."""
    return f"tagBindings/{full_name.replace('/', '%2F')}/{value}"

"""Names of what a consent store holds."""

import re

from emulator.errors import ApiError, invalid_argument, not_found
from emulator.services.healthcare.names import ID, store_of

ARTIFACTS = "consentArtifacts"
CONSENTS = "consents"
MAPPINGS = "userDataMappings"
_REVISION = re.compile(r"[0-9a-f]{8}")


def id_of(name: str) -> str:
    """The last segment of a name."""
    return name.rpartition("/")[2]


def consent_id(name: str) -> str:
    """The id of the consent that a name is of; 400 for the name of one of its revisions."""
    found = id_of(name)
    if "@" in found:
        raise invalid_argument(f"Invalid name {name}: a revision ID must not be specified here.")
    return found


def new_consent_id(name: str) -> str:
    """The id that a client chose for a consent; 400 for one that is none."""
    found = consent_id(name)
    if not ID.fullmatch(found):
        raise invalid_argument(f'Invalid consent id "{found[:80]}": it must match {ID.pattern}.')
    return found


def revision_of(name: str) -> tuple[str, str]:
    """(consent's id, revision's id) that a name is of; "" for the latest revision. 400 for what is no revision."""
    found, at, revision = id_of(name).partition("@")
    if at and not _REVISION.fullmatch(revision):
        raise invalid_argument(f'Invalid revision ID "{revision[:40]}": it must be 8 hexadecimal characters.')
    return found, revision


def below(store: str, collection: str, name: str, field: str) -> str:
    """The id in a name that a request's field refers to; 400 where it is none of that collection of the store."""
    prefix = f"{store}/{collection}/"
    found = id_of(name)
    if store_of(name) != store or name != f"{prefix}{found}" or not ID.fullmatch(found):
        raise invalid_argument(f'Invalid {field} "{name[:300]}": it must be {prefix}ID.')
    return found


def missing(name: str) -> ApiError:
    """Make the 404 for what is not there."""
    return not_found(f"Resource not found: {name}.")

"""Keys of Cloud KMS that encrypt log buckets: which version a bucket has, and whether its entries can be read.

https://cloud.google.com/logging/docs/routing/managed-encryption-storage
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, invalid_argument, permission_denied
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import api as cloudkms
from emulator.services.logging.service import SERVICE
from emulator.services.serviceusage.catalogue import agent_of
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_SETTINGS = "cmekSettings"
_AT_CHANGES = cloudkms.Refusals(
    denied=lambda said, _key, _agent: invalid_argument(said), malformed=invalid_argument, elsewhere=invalid_argument
)
_AT_READS = cloudkms.Refusals(
    denied=lambda said, _key, _agent: permission_denied(said), malformed=invalid_argument, elsewhere=invalid_argument
)


def settings_of(request: Request, body: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """A bucket's body with the version that encrypts it: of the key that it names, which is asked if it is named anew.

    old is the body before, {} for a new bucket. Raises a 400 for a key that Logging's agent can't use, and where a key
    is taken away.
    """
    wanted, before = body.get(_SETTINGS, {}).get("kmsKeyName", ""), old.get(_SETTINGS, {})
    if not wanted:
        if before.get("kmsKeyName"):
            raise invalid_argument("A log bucket that has a key keeps one: cmekSettings.kmsKeyName can't be removed.")
        return body
    if body[_SETTINGS] == before:
        return body
    agent, location = agent_of(request.context, "logging", request.name), request.name.split("/")[3]
    version = cloudkms.version_for(request.context, wanted, cloudkms.User(agent, _AT_CHANGES), location)
    return {**body, _SETTINGS: {"kmsKeyName": wanted, "kmsKeyVersionName": version, "serviceAccountId": agent}}


def version_of(bucket: Resource) -> str:
    """The version of a key that encrypts a bucket, "" for none."""
    return str(bucket.body.get(_SETTINGS, {}).get("kmsKeyVersionName", ""))


def require_open(context: Context, bucket: Resource) -> None:
    """Raise 400 or 403 where the version that encrypts a bucket can't decrypt its entries."""
    settings = bucket.body.get(_SETTINGS, {})
    if version := settings.get("kmsKeyVersionName"):
        cloudkms.require_open(context, version, cloudkms.User(settings["serviceAccountId"], _AT_READS))


def is_open(context: Context, bucket: Resource) -> bool:
    """Whether a bucket's entries can be read."""
    try:
        require_open(context, bucket)
    except ApiError:
        return False
    return True


@SERVICE.handles("logging.projects.getCmekSettings", permission="logging.cmekSettings.get")
async def get_cmek_settings(request: Request) -> Answer:
    """Which account is to be granted the use of keys; the Log Router's own key is the organization's affair."""
    return {
        "name": f"{request.name}/cmekSettings",
        "serviceAccountId": agent_of(request.context, "logging", request.name),
    }


@SERVICE.handles("logging.projects.getSettings", permission="logging.settings.get")
async def get_settings(request: Request) -> Answer:
    """The same for new buckets, and the account that writes to sinks' destinations."""
    agent = agent_of(request.context, "logging", request.name)
    return {"name": f"{request.name}/settings", "kmsServiceAccountId": agent, "loggingServiceAccountId": agent}

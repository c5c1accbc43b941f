"""The DeidentifyConfig of a request, v1 or v1beta1, as the Settings of a run."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from emulator.deidentify import configs
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.image import DetectorMissing, Mode, available
from emulator.deidentify.keys import Secret
from emulator.deidentify.settings import Settings
from emulator.deidentify.text import models
from emulator.errors import ApiError, failed_precondition, invalid_argument, not_implemented
from emulator.gateway import validation
from emulator.services.healthcare import agent
from emulator.services.healthcare.deidentify import kms_keys
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]


def check(body: Json) -> Settings | None:
    """The Settings of a request, with some key; None for a config in Cloud Storage, which the operation reads.

    Raises 400 where it can't be followed.
    """
    if body.get("config") is not None and body.get("gcsConfigUri"):
        raise invalid_argument("Only one of config and gcsConfigUri can be specified.")
    if uri := body.get("gcsConfigUri"):
        GsUri.parse(uri, "gcsConfigUri")
        return None
    kms_keys.check(body.get("config") or {})
    return parse(body.get("config") or {}, Secret.random())


async def load(context: "Context", name: str, payload: Json) -> Settings:
    """The Settings of an operation from its payload: config or gcsConfigUri, and `key`, its own in hexadecimal digits.

    Raises 400, 403 in Google's words where the service agent may not read the file or use a key, and what
    `require_model` raises.
    """
    model = require_model(context)
    given = payload.get("config") or {}
    if uri := payload.get("gcsConfigUri"):
        given = await _read(context, name, uri, payload["version"])
    settings = parse(kms_keys.unwrapped(context, name, given), Secret(bytes.fromhex(payload["key"])))
    return replace(settings, model=model)


def parse(config: Json, secret: Secret) -> Settings:
    """Settings of a DeidentifyConfig; 400 for one that can't be followed, 501 for what there are no rules for here."""
    try:
        return configs.parse(config, secret)
    except ConfigError as problem:
        raise (not_implemented if problem.unknown else invalid_argument)(str(problem)) from None


def require_model(context: "Context") -> str:
    """The model that this start has names found by, "" for none; FAILED_PRECONDITION where it is not installed."""
    if name := context.settings.text_model:
        try:
            models.require(name)
        except models.ModelMissing as missing:
            raise failed_precondition(str(missing)) from None
    return name


def require_detector(settings: Settings) -> None:
    """Raise FAILED_PRECONDITION where text in pixels is to be redacted and nothing that finds it is installed."""
    if settings.image.mode is not Mode.NONE and not available():
        raise failed_precondition(str(DetectorMissing()))


async def _read(context: "Context", name: str, uri: str, version: str) -> Json:
    """The DeidentifyConfig of an API version in an object of Cloud Storage; 400 for what its schema does not know."""
    file = GsUri.parse(uri, "gcsConfigUri")
    if not agent.may(context, name, "storage.objects.get", file.bucket, file.name):
        raise agent.lacks_permission("Cloud Storage")
    api.require_payer(context, file.bucket, agent.principal(context, name))
    found = api.get_object(context, file.bucket, file.name)
    if found is None:
        raise invalid_argument(f"The config file {uri} does not exist.")
    api.require_open(context, found)
    try:
        config = orjson.loads(await context.blobs.read(found.blob_id))
    except orjson.JSONDecodeError:
        raise invalid_argument(f"The config file {uri} is not JSON.") from None
    document = next(each for each in context.documents("healthcare") if each.name == f"healthcare.{version}")
    try:
        return validation.conform(document, "DeidentifyConfig", config)
    except ApiError as problem:
        raise invalid_argument(f"The config file {uri} is no DeidentifyConfig: {problem.message}") from None

"""Keys of a DeidentifyConfig that are wrapped by a key of Cloud KMS (KmsWrappedCryptoKey)."""

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_argument
from emulator.services.cloudkms import api
from emulator.services.healthcare import agent

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
_FIELD = "kmsWrapped"


def check(config: Json) -> None:
    """Raise 400 for a wrapped key of a DeidentifyConfig that lacks a field or is none by its form."""
    _replaced(config, "config", _checked)


def unwrapped(context: "Context", name: str, config: Json) -> Json:
    """A DeidentifyConfig with the keys themselves in the place of wrapped ones, by the rights of the service agent.

    Raises 403 in Google's words where the agent of the resource `name` may not decrypt with the key of Cloud KMS or it
    is not there, 400 for what that key did not wrap.
    """
    made: Json = _replaced(config, "config", lambda wrapped, field: _unwrapped(context, name, *_parts(wrapped, field)))
    return made


def _checked(wrapped: Json, field: str) -> Json:
    _parts(wrapped, field)
    return {}


def _unwrapped(context: "Context", name: str, key: str, ciphertext: bytes) -> Json:
    denied = agent.lacks_permission("Cloud KMS")
    secret = api.decrypt(context, key, ciphertext, agent.email(context, name), denied)
    return {"cryptoKey": base64.b64encode(secret).decode()}


def _parts(wrapped: Json, field: str) -> tuple[str, bytes]:
    """The name of the key of Cloud KMS and the ciphertext of a KmsWrappedCryptoKey."""
    key, data = wrapped.get("cryptoKey") or "", wrapped.get("wrappedKey") or ""
    if not api.is_key_name(key):
        raise invalid_argument(f"{field}.cryptoKey is no key: projects/P/locations/L/keyRings/R/cryptoKeys/K.")
    if not data:
        raise invalid_argument(f"{field}.wrappedKey is required.")
    try:
        return key, base64.b64decode(data.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise invalid_argument(f"{field}.wrappedKey is not base64.") from None


def _replaced(config: Any, field: str, make: Callable[[Json, str], Json]) -> Any:
    """A config in which what `make` gives for each wrapped key, and the field that it is in, stands in its place."""
    if isinstance(config, list):
        return [_replaced(each, f"{field}[{number}]", make) for number, each in enumerate(config)]
    if not isinstance(config, dict):
        return config
    kept = {name: _replaced(each, f"{field}.{name}", make) for name, each in config.items() if name != _FIELD}
    wrapped = config.get(_FIELD)
    if not isinstance(wrapped, dict):
        return kept
    if kept.get("cryptoKey"):
        raise invalid_argument(f"Only one of {field}.cryptoKey and {field}.{_FIELD} can be set.")
    return kept | make(wrapped, f"{field}.{_FIELD}")

"""The key of a CryptoHashConfig or DateShiftConfig."""

import base64
import binascii
from typing import Any

from emulator.deidentify.errors import ConfigError
from emulator.deidentify.keys import Secret

Json = dict[str, Any]


def secret_of(given: Json, field: str) -> Secret | None:
    """The key that a config brings in base64, by the field that it is in for errors; None for the run's own.

    Raises ConfigError for two keys and for what is no key of 128, 192 or 256 bits.
    """
    text = given.get("cryptoKey") or ""
    if text and given.get("kmsWrapped") is not None:
        raise ConfigError(f"Only one of {field}.cryptoKey and {field}.kmsWrapped can be set.")
    if not text:
        return None
    try:
        return Secret(base64.b64decode(text, altchars=b"-_" if {"-", "_"} & {*text} else None, validate=True))
    except (binascii.Error, ValueError) as problem:
        reason = "It is not base64." if isinstance(problem, binascii.Error) else problem
        raise ConfigError(f"Invalid {field}.cryptoKey: {reason}") from None


def first(config: Any, field: str = "config") -> Secret | None:
    """The first key in a DeidentifyConfig, wherever it is; None for none. Raises ConfigError as `secret_of` does."""
    if isinstance(config, dict):
        if "cryptoKey" in config and "wrappedKey" not in config:
            return secret_of(config, field)
        inner = ((each, f"{field}.{name}") for name, each in config.items())
    else:
        listed = config if isinstance(config, list) else ()
        inner = ((each, f"{field}[{number}]") for number, each in enumerate(listed))
    return next((found for each, where in inner if (found := first(each, where)) is not None), None)

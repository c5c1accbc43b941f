"""operationMetadata of a DeidentifyConfig of v1beta1: the FHIR store that is told what was done."""

import json
import re
from typing import Any

from emulator.deidentify.errors import ConfigError
from emulator.deidentify.settings import Metadata

Json = dict[str, Any]
_STORE = re.compile(r"projects/[^/]+/locations/[^/]+/datasets/[^/]+/fhirStores/[^/]+")
_KEYS = ("cryptoKey", "kmsWrapped")


def parse(config: Json) -> Metadata | None:
    """The store that fhirOutput names, and the config as it may be told; None without. Raises ConfigError."""
    output = (config.get("operationMetadata") or {}).get("fhirOutput")
    if output is None:
        return None
    store = str(output.get("fhirStore") or "")
    if not _STORE.fullmatch(store):
        raise ConfigError(
            f'Invalid config.operationMetadata.fhirOutput.fhirStore "{store[:300]}": it must be'
            " projects/P/locations/L/datasets/D/fhirStores/F."
        )
    return Metadata(store, json.dumps(_without_keys(config), separators=(",", ":")))


def _without_keys(value: Any) -> Any:
    """A config, or a part of it, as it is but for keys, wrapped ones, too."""
    if isinstance(value, dict):
        return {name: _without_keys(each) for name, each in value.items() if name not in _KEYS}
    return [_without_keys(each) for each in value] if isinstance(value, list) else value

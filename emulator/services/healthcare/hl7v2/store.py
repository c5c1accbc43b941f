"""HL7v2 stores as a kind of store: the settings that they take."""

from emulator.errors import invalid_argument
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.kind import Json, StoreKind


def check(old: Json | None, body: Json) -> None:
    """Raise 400 for another version of the parser than the store was made with."""
    versions = [(given or {}).get("parserConfig", {}).get("version") for given in (old, body)]
    if old is not None and versions[0] != versions[1]:
        raise invalid_argument("Field parserConfig.version is immutable: it can be set only when the store is created.")


HL7V2 = registry.register(StoreKind("hl7v2", "hl7V2Stores", check=check, data=("messages.",)))

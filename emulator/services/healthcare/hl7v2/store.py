"""HL7v2 stores as a kind of store: their settings, tables and notifications."""

from emulator.services.healthcare.hl7v2 import changes, keeping, settings, tables
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.kind import StoreKind

HL7V2 = registry.register(
    StoreKind(
        "hl7v2",
        "hl7V2Stores",
        schema=tables.MESSAGES,
        check=settings.check,
        empty=keeping.empty,
        erase=keeping.erase,
        data=("messages.",),
        message=changes.message,
    )
)

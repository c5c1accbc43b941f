"""FHIR stores as a kind of store: their settings, tables and errors."""

from emulator.fhir.search import tables as index
from emulator.fhir.search import unindexed
from emulator.services.healthcare.fhir import erasing, errors, keeping, notifications, settings, streams, tables
from emulator.services.healthcare.fhir.consents import tables as consents
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.kind import StoreKind, Stream

FHIR = registry.register(
    StoreKind(
        "fhir",
        "fhirStores",
        schema=tables.VERSIONS + index.SCHEMA + unindexed.SCHEMA + consents.SCHEMA,
        immutable=settings.IMMUTABLE,
        check=settings.check,
        kept=settings.kept,
        patched=consents.patched,
        allowed=streams.allowed,
        empty=keeping.empty,
        erase=erasing.erase,
        data=("fhir.", "operations.", "bulk-export-group"),
        word_error=errors.word,
        message=notifications.message,
        stream=Stream(streams.uri, streams.payload, streams.append),
    )
)

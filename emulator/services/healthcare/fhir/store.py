"""FHIR stores as a kind of store: the settings that they take."""

from emulator.errors import invalid_argument
from emulator.services.healthcare.stores import registry
from emulator.services.healthcare.stores.kind import Json, StoreKind

VERSIONS = ("DSTU2", "STU3", "R4", "R5")


def check(_old: Json | None, body: Json) -> None:
    """Raise 400 for a store without a version of FHIR."""
    if body.get("version", "VERSION_UNSPECIFIED") not in VERSIONS:
        raise invalid_argument(f"version is required: one of {', '.join(VERSIONS)}.")


FHIR = registry.register(
    StoreKind(
        "fhir",
        "fhirStores",
        immutable=frozenset(("version", "disableReferentialIntegrity", "disableResourceVersioning")),
        check=check,
        data=("fhir.",),
    )
)

"""What a FHIR store may be set to, beyond what all stores share."""

import re

from emulator.errors import invalid_argument
from emulator.fhir import definitions
from emulator.fhir.versions import UnsupportedVersionError, version
from emulator.services.healthcare.fhir.shapes import LOSSLESS, Destination
from emulator.services.healthcare.names import StoreName
from emulator.services.healthcare.stores import settings
from emulator.services.healthcare.stores.kind import Json

IMMUTABLE = frozenset(("version", "disableReferentialIntegrity", "disableResourceVersioning"))
MAX_STREAMS = 10
ENFORCED = "enforcedAdminConsents"
"""Of consentConfig: the names of the admin policies that are enforced."""
_FOLDER = re.compile(r"gs://[^/]+(/.*)?", re.DOTALL)
_UNSET = (None, "", "VERSION_UNSPECIFIED")


def check(old: Json | None, body: Json) -> None:
    """Raise 400 for settings that Google refuses; `old` are those before, None for a new store."""
    if body.get("version") in _UNSET:
        raise invalid_argument("version is required: DSTU2, STU3, R4 or R5.")
    try:
        version(body["version"])
    except UnsupportedVersionError as problem:
        raise invalid_argument(str(problem)) from None
    settings.check_one_of_both(body)
    _check_streams(body)
    _check_export(body)
    if body.get("searchConfig") != (old or {}).get("searchConfig"):
        raise invalid_argument("searchConfig can't be set by create or patch: use configureSearch.")
    if body["version"] == "R5":
        _check_r5(body)
    if body.get("consentConfig") and "Consent" not in definitions.load(body["version"]).resources:
        raise invalid_argument(f"A store of {body['version']} has no consentConfig: it has no Consent resources.")
    _check_consent(body)


def kept(old: Json, body: Json) -> Json:
    """Settings as they are kept after those before: which admin policies are enforced is only changed by applying."""
    config, enforced = body.get("consentConfig"), (old.get("consentConfig") or {}).get(ENFORCED)
    if not config or not enforced:
        return body
    return {**body, "consentConfig": {**config, ENFORCED: enforced}}


def _check_consent(body: Json) -> None:
    config = body.get("consentConfig")
    if config is not None and config.get("version") in (None, "", "CONSENT_ENFORCEMENT_VERSION_UNSPECIFIED"):
        raise invalid_argument("consentConfig.version is required: V1.")


def _check_streams(body: Json) -> None:
    configs: list[Json] = body.get("streamConfigs") or []
    if len(configs) > MAX_STREAMS:
        raise invalid_argument(f"streamConfigs has {len(configs)} entries; a FHIR store takes at most {MAX_STREAMS}.")
    types = definitions.load(body["version"]).resources
    for config in configs:
        unknown = [name for name in config.get("resourceTypes") or [] if name not in types]
        if unknown:
            raise invalid_argument(f'Invalid resourceTypes: "{unknown[0][:80]}" is no type of FHIR {body["version"]}.')
        if ("bigqueryDestination" in config) == ("deidentifiedStoreDestination" in config):
            raise invalid_argument(
                "An entry of streamConfigs needs one of bigqueryDestination and deidentifiedStoreDestination."
            )
        if "bigqueryDestination" in config:
            _check_streamed(Destination.parse(config["bigqueryDestination"]), body)
        elif StoreName.parse(str(config["deidentifiedStoreDestination"].get("store"))).collection != "fhirStores":
            raise invalid_argument("deidentifiedStoreDestination.store must be the name of a FHIR store.")


def _check_streamed(destination: Destination, body: Json) -> None:
    destination.require_history(body)
    if destination.shape == LOSSLESS:
        raise invalid_argument("A stream can't have the schemaType LOSSLESS, which is for exports only.")


def _check_export(body: Json) -> None:
    uri = str((body.get("bulkExportGcsDestination") or {}).get("uriPrefix", ""))
    if uri and not _FOLDER.fullmatch(uri):
        raise invalid_argument(f'Invalid uriPrefix "{uri[:200]}": it must be gs://BUCKET/FOLDER.')


def _check_r5(body: Json) -> None:
    """What a store of R5 does not have (discovery: FhirStore)."""
    if body.get("complexDataTypeReferenceParsing") == "DISABLED":
        raise invalid_argument("complexDataTypeReferenceParsing can't be DISABLED in a store of R5.")
    if body.get("notificationConfig"):
        raise invalid_argument("A store of R5 has no notificationConfig: use notificationConfigs.")
    if body.get("consentConfig"):
        raise invalid_argument("A store of R5 has no consentConfig.")
    if any("deidentifiedStoreDestination" in config for config in body.get("streamConfigs") or []):
        raise invalid_argument("A store of R5 has no deidentifiedStoreDestination.")

"""Cloud Healthcare: datasets and the four kinds of store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.provider.flow import Flow, Naming
from emulator.provider.model import Call, Resource, props
from emulator.provider.schema import Problem
from emulator.provider.settings import Settings

_DATASETS = "projects/{project}/locations/{location}/datasets"

DATASET = Resource(
    resource_type="gcp:healthcare/dataset:Dataset",
    service="healthcare",
    id=f"{_DATASETS}/{{name}}",
    imports=(f"{_DATASETS}/{{name}}", "{project}/{location}/{name}", "{location}/{name}"),
    create=Call("POST", _DATASETS, {"datasetId": "{name}"}),
    read=Call("GET", f"{_DATASETS}/{{name}}"),
    update=Call("PATCH", f"{_DATASETS}/{{name}}"),
    delete=Call("DELETE", f"{_DATASETS}/{{name}}"),
    address=props("name location project"),
    unsent=props("location project"),
    immutable=props("name location project encryptionSpec"),
    computed=props("project timeZone encryptionSpec"),
    rename={"selfLink": "name"},
)


def _store(token: str, collection: str, parameter: str) -> Resource:
    """A store of a dataset: they differ in their collection and in what may change."""
    name = f"{{+dataset}}/{collection}/{{name}}"
    return Resource(
        resource_type=token,
        service="healthcare",
        id=name,
        imports=(f"{{+dataset}}/{collection}/{{name}}",),
        create=Call("POST", f"{{+dataset}}/{collection}", {parameter: "{name}"}),
        read=Call("GET", name),
        update=Call("PATCH", name),
        delete=Call("DELETE", name),
        address=props("name dataset"),
        unsent=props("dataset"),
        immutable=props("name dataset"),
        rename={"selfLink": "name"},
    )


DICOM_STORE = _store("gcp:healthcare/dicomStore:DicomStore", "dicomStores", "dicomStoreId")
_FHIR = _store("gcp:healthcare/fhirStore:FhirStore", "fhirStores", "fhirStoreId")
FHIR_STORE = replace(
    _FHIR,
    immutable=_FHIR.immutable
    | props("version disableReferentialIntegrity disableResourceVersioning enableHistoryImport"),
    computed=props("complexDataTypeReferenceParsing version"),
)
_HL7 = _store("gcp:healthcare/hl7Store:Hl7Store", "hl7V2Stores", "hl7V2StoreId")
HL7_STORE = replace(
    _HL7,
    immutable=_HL7.immutable | props("parserConfig.version"),
    computed=props("parserConfig parserConfig.version parserConfig.schema"),
    as_json=props("parserConfig.schema"),
)
_CONSENT = _store("gcp:healthcare/consentStore:ConsentStore", "consentStores", "consentStoreId")
CONSENT_STORE = replace(_CONSENT, unsent=props("dataset name"))


class _Hl7Store(Flow):
    """The parser's schema is a JSON text in the program and an object in the API."""

    def check(self, inputs: dict[str, Any], old: Mapping[str, Any], settings: Settings, name: Naming) -> list[Problem]:
        problems = super().check(inputs, old, settings, name)
        parser = inputs.get("parserConfig")
        one_of = ("allowNullHeader", "schema", "segmentTerminator")
        if isinstance(parser, dict) and not any(key in parser for key in one_of):
            problems.append(Problem("parserConfig", f"one of {', '.join(one_of)} must be set with it"))
        return problems

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        sent = super().body(values, updating=updating)
        parser = sent.get("parserConfig") or {}
        if isinstance(parser.get("schema"), str):
            sent["parserConfig"] = {**parser, "schema": json.loads(parser["schema"])}
        return sent

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        parser = live.get("parserConfig") or {}
        if isinstance(parser.get("schema"), dict):
            live = {**live, "parserConfig": {**parser, "schema": json.dumps(parser["schema"], sort_keys=True)}}
        return super().state(live, given, settings)


FLOWS = (Flow(DATASET), Flow(DICOM_STORE), Flow(FHIR_STORE), _Hl7Store(HL7_STORE), Flow(CONSENT_STORE))

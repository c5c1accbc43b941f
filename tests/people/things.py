"""What command lines name: small files of each kind, outputs of the research side, an import of which a file failed."""

from __future__ import annotations

import base64
import dataclasses
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from infra.outputs import Outputs
from scripts.chestxrays.rehearsal import NO_QUIRKS, write_set
from tests.scripts.chestxrays.conftest import public_objects
from tests.scripts.files import small_film
from tests.support.patience import eventually
from tests.support.public_bucket import make_public_bucket

if TYPE_CHECKING:
    from tests.people.standing import Standing


class Things:
    """Things by name, each made when it is first asked for, in a folder or on the emulator."""

    def __init__(self, standing: Standing, folder: Path) -> None:
        self._standing = standing
        self._folder = folder

    def __getitem__(self, name: str) -> object:
        return getattr(self, name)

    @cached_property
    def purpose(self) -> str:
        """What a consent can be for: a value of an attribute that the consent store defines from then on."""
        outputs, emulator = self._standing.outputs, self._standing.emulator
        (store,) = outputs.consent_stores.values()
        for name, definition in json.loads(store.attributes).items():
            path = f"/v1/{store.name}/attributeDefinitions?attributeDefinitionId={name}"
            assert emulator.request("POST", path, definition)[0] == 200
        return "care"

    @property
    def project(self) -> str:
        """The project's id."""
        return self._standing.outputs.project

    @cached_property
    def film(self) -> Path:
        """A DICOM file."""
        return self._write("film.dcm", small_film("P1"))

    @cached_property
    def films(self) -> Path:
        """A set of chest X-rays with its list, in Kaggle's layout."""
        write_set(self._folder / "films", 2, 16, quirks=NO_QUIRKS)
        return self._folder / "films"

    @cached_property
    def fhir(self) -> Path:
        """A FHIR resource."""
        return self._write("basic.json", b'{"resourceType": "Basic", "id": "one", "code": {"text": "probe"}}')

    @cached_property
    def message(self) -> Path:
        """An HL7v2 message."""
        return self._write("message.hl7", b"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\rPID|1||7\r")

    @cached_property
    def key(self) -> Path:
        """A key for de-identification."""
        return self._write("key", base64.b64encode(bytes(32)))

    @cached_property
    def research(self) -> Path:
        """The outputs of a stack whose stores, bucket and tables are those of the research side."""
        return self._write("research.json", of_research(self._standing.outputs).to_json().encode())

    @cached_property
    def public(self) -> str:
        """The word for Google's public bucket of chest X-rays, which is there from then on."""
        make_public_bucket(self._standing.emulator, public_objects())
        return "public"

    @cached_property
    def operation(self) -> str:
        """An import whose only file failed."""
        outputs, emulator = self._standing.outputs, self._standing.emulator
        body = {"gcsSource": {"uri": f"gs://{outputs.landing_bucket}/other/*"}}
        status, answer = emulator.request("POST", f"/v1/{outputs.dicom_store_name}:import", body)
        assert status == 200, answer
        eventually(lambda: emulator.request("GET", f"/v1/{answer['name']}")[1].get("done"))
        return str(answer["name"]).rpartition("/")[2]

    def _write(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path


def of_research(outputs: Outputs) -> Outputs:
    """The outputs with which somebody works on the research side (docs/how-to/deidentify.md)."""
    side = outputs.research
    assert side is not None
    stores = {
        name: dataclasses.replace(outputs.fhir_stores[name], name=store) for name, store in side.fhir_stores.items()
    }
    return dataclasses.replace(
        outputs,
        dataset_name=side.dataset_name,
        dicom_store_name=side.dicom_store_name,
        fhir_stores=stores,
        export_bucket=side.bucket,
        bigquery_dataset=side.bigquery_dataset,
        dicom_subscription=side.subscription,
    )

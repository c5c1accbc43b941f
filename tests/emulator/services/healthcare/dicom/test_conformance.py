"""docs/dicom-conformance.md says what the code says, and names tests that there are."""

import re
from pathlib import Path

import orjson
import pytest

from emulator.dicom import dictionary, syntaxes
from emulator.errors import ApiError
from emulator.gateway.discovery import load
from emulator.services.healthcare import SERVICE
from emulator.services.healthcare.dicom.web import qido
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.dicom.web.test_negotiation import WRITABLE
from tests.emulator.services.healthcare.instances import instance, made
from tests.support.emulator import ROOT

HERE = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "dicom-conformance.md").read_text()


def table(title: str) -> list[list[str]]:
    """Give the rows of the table under a title, cell by cell."""
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", TEXT)
    assert len(named) > 60
    for file, name in named:
        text = next(found for folder in (HERE, ROOT / "tests/emulator/dicom") for found in folder.rglob(file))
        assert f"def {name}(" in text.read_text(), f"{file}::{name}"


def test_every_row_names_a_test() -> None:
    for title in ("Services", "Media types", "Rendered", "Limits", "Store response", "Status codes"):
        rows = table(title)
        assert rows, title
        assert all("::test_" in row[-1] for row in rows), title


def test_transfer_syntaxes_are_those_of_retrieval() -> None:
    rows = table("Transfer syntaxes")
    assert [row[0].strip("`") for row in rows] == list(syntaxes.RETRIEVABLE)
    assert all(row[1].strip("`") == syntaxes.media_type(row[0].strip("`")) for row in rows)
    assert {row[0].strip("`") for row in rows if row[2] != "no"} == WRITABLE


def test_search_keys_and_attributes_are_those_of_search() -> None:
    rows = {row[0]: row[1:] for row in table("Search keys")}
    assert {key: row[0] for key, row in rows.items()} == qido.KEYS["instance"]
    for place, level in enumerate(("study", "series", "instance"), 1):
        assert {key for key, row in rows.items() if row[place] == "yes"} == set(qido.KEYS[level])
    data = orjson.loads((ROOT / "emulator/services/healthcare/dicom/search_attributes.json").read_bytes())
    for level, group, names in table("Returned attributes"):
        assert names.split(", ") == [dictionary.keyword(int(tag, 16)) or tag for tag in data[level][group]]


def test_every_method_of_dicom_stores_is_answered() -> None:
    methods = {method.id for method in load("healthcare.v1beta1").methods if ".dicomStores." in method.id}
    assert len(methods) > 40
    assert not methods - SERVICE.registrations.keys()


def test_limits_of_search() -> None:
    limits = {row[0]: row[1] for row in table("Limits")}
    for level in qido.KEYS:
        assert f"{level}: {qido.parse(level, []).limit}" in limits["limit, default"]
        largest = qido.parse(level, [("limit", "99999999")]).limit
        assert f"{level}: {largest}" in limits["limit, largest (more counts as this)"]
    assert qido.parse("study", [("offset", limits["offset, largest"])]).offset == int(limits["offset, largest"])
    with pytest.raises(ApiError):
        qido.parse("study", [("offset", str(int(limits["offset, largest"]) + 1))])


def test_dicomweb_client_deletes_and_renders(store: Store) -> None:
    client = store.client
    client.store_instances(
        [instance(study=f"1.2.{n}", series=f"1.2.{n}.1", uid=f"1.2.{n}.1.{i}") for n in (1, 2) for i in (1, 2)]
    )
    assert len(list(client.iter_series("1.2.1", "1.2.1.1"))) == 2
    assert len(client.search_for_series("1.2.1")) == 1
    assert (
        client.retrieve_instance_rendered("1.2.1", "1.2.1.1", "1.2.1.1.1", media_types=("image/png",))[:4] == b"\x89PNG"
    )
    frames = ("1.2.1", "1.2.1.1", "1.2.1.1.1", [1])
    assert client.retrieve_instance_frames_rendered(*frames, media_types=("image/jpeg",))[:2] == b"\xff\xd8"
    uri = client.retrieve_instance_metadata("1.2.1", "1.2.1.1", "1.2.1.1.1")["7FE00010"]["BulkDataURI"]
    assert [bytes(part) for part in client.iter_bulkdata(uri)] == [bytes(range(16))]
    client.delete_instance("1.2.1", "1.2.1.1", "1.2.1.1.1")
    client.delete_series("1.2.1", "1.2.1.1")
    assert len(client.search_for_studies()) == 1
    client.delete_study("1.2.2")
    assert client.search_for_studies() == []
    assert store.post(made()).status_code == 200

"""The tables: the extract is that of the installed packages, and the rows that everybody knows are in it."""

from __future__ import annotations

import sys

import pytest
from pydicom.datadict import tag_for_keyword

from scripts.dicomtags import confidentiality, dictionary, extract, standard
from scripts.dicomtags.standard import Node


@pytest.mark.skipif(sys.version_info < (3, 11, 5), reason="what dicom-standard needs wants Python 3.11.5")
def test_the_extract_is_that_of_the_installed_packages() -> None:
    assert extract.STANDARD.read_text(encoding="utf-8") == extract.render(extract.extract()), (
        "run `python -m scripts.dicomtags.extract` after another version of its sources is installed"
    )


def test_every_source_has_its_licence_and_edition() -> None:
    sources = standard.tables()["sources"]
    assert {each["package"] for each in sources} == {"highdicom", "dicom-standard", "dicom-anonymizer"}
    assert all(each["licence"] in {"MIT", "BSD-3-Clause"} and each["edition"] for each in sources)


def test_every_keyword_of_a_module_is_in_the_registry() -> None:
    numbers = range(len(standard.tables()["sequences"]))
    nodes = [node for module in standard.modules().values() for node in module.attributes]
    nodes += [node for number in numbers for node in standard.items_of(number)]
    assert len({node.keyword for node in nodes}) > 4000
    assert {node.keyword for node in nodes if dictionary.entry_named(node.keyword) is None} == set()
    assert {node.type for node in nodes} == {"1", "1C", "2", "2C", "3", ""}


def test_every_sequence_has_items_and_nothing_else_has() -> None:
    numbers = range(len(standard.tables()["sequences"]))
    nodes = [node for number in numbers for node in standard.items_of(number)]
    kinds = {node.keyword: dictionary.entry_named(node.keyword) for node in nodes if node.items is not None}
    assert {entry.vrs for entry in kinds.values() if entry} == {("SQ",)}


def node(nodes: tuple[Node, ...], keyword: str) -> Node:
    return next(each for each in nodes if each.keyword == keyword)


def test_the_patient_module() -> None:
    patient = standard.module("patient").attributes
    assert [node(patient, name).type for name in ("PatientName", "PatientID", "PatientComments")] == ["2", "2", "3"]
    references = standard.below(node(patient, "ReferencedPatientSequence"))
    assert [(each.keyword, each.type) for each in references] == [
        ("ReferencedSOPClassUID", "1"),
        ("ReferencedSOPInstanceUID", "1"),
    ]


def test_the_digital_x_ray_iod() -> None:
    iod = standard.iod_of("1.2.840.10008.5.1.4.1.1.1.1")
    assert iod is not None
    usages = {use.module: use.usage for use in iod.uses}
    assert (usages["patient"], usages["dx-detector"], usages["overlay-plane"]) == ("M", "M", "C")
    assert usages["x-ray-grid"] == "U"
    (lut,) = (use for use in iod.uses if use.module == "voi-lut")
    assert lut.condition.startswith("Required if Presentation Intent Type (0008,0068) is FOR PRESENTATION.")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Digital X-Ray", "Digital X-Ray Image"),
        ("digital x ray image", "Digital X-Ray Image"),
        ("1.2.840.10008.5.1.4.1.1.1.1.1", "Digital X-Ray Image"),
        ("Digital X-Ray Image Storage - For Processing", "Digital X-Ray Image"),
        ("CT", "CT Image"),
        ("CR Image", "Computed Radiography Image"),
        ("digital-x-ray-image", "Digital X-Ray Image"),
        ("mammography x-ray", "Digital Mammography X-Ray Image"),
    ],
)
def test_an_iod_by_its_names(text: str, name: str) -> None:
    assert [iod.name for iod in standard.find_iods(text)] == [name]


def test_every_storage_sop_class_finds_its_iod_by_uid_and_name() -> None:
    uids = [uid for iod in standard.iods().values() for uid in iod.sop_classes]
    assert len(uids) > 170
    for uid in uids:
        expected = standard.iod_of(uid)
        assert [expected] == standard.find_iods(uid)
        assert expected in standard.find_iods(standard.sop_class_name(uid))


# PS3.15 Table E.1-1 of edition 2026c; PatientID was Z alone in earlier ones.
@pytest.mark.parametrize(
    ("tag", "action", "option"),
    [
        ("00100010", "Z", {}),
        ("00100020", "Z/D", {}),
        ("00100030", "Z", {}),
        ("00100040", "Z", {"patient": "K"}),
        ("00080020", "Z", {"full-dates": "K", "modified-dates": "C"}),
        ("00080050", "Z", {}),
        ("00080080", "X/Z/D", {"institution": "K"}),
        ("00080090", "Z", {}),
        ("00181000", "X/Z/D", {"device": "K"}),
        ("00080018", "U", {"uids": "K"}),
        ("0008103E", "X", {"descriptors": "C"}),
        ("50041234", "X", {"graphics": "C"}),
        ("60024000", "X", {"graphics": "C"}),
        ("60xx3000", "X", {"graphics": "C"}),
        ("00091002", "X", {"safe-private": "C"}),
    ],
)
def test_rows_of_the_deidentification_table(tag: str, action: str, option: dict[str, str]) -> None:
    rule = confidentiality.rule_of(tag)
    assert rule is not None
    assert (rule.action, rule.options) == (action, option)


@pytest.mark.parametrize("keyword", ["Rows", "PixelData", "Modality", "PhotometricInterpretation", "SOPClassUID"])
def test_what_the_profile_leaves(keyword: str) -> None:
    assert confidentiality.rule_of(f"{tag_for_keyword(keyword):08X}") is None


def test_every_action_of_the_table_has_words() -> None:
    rows = standard.tables()["confidentiality"]
    assert len(rows) > 650
    assert {row[0] for row in rows.values()} <= set(confidentiality.ACTIONS)
    options = [row[1] for row in rows.values() if len(row) > 1]
    assert {key for row in options for key in row} == set(confidentiality.OPTIONS)
    assert {code for row in options for code in row.values()} <= set(confidentiality.ACTIONS)


@pytest.mark.parametrize(
    ("action", "kind", "expected"),
    [
        ("X/Z/D", "3", "X"),
        ("X/Z/D", "2", "Z"),
        ("X/Z/D", "1", "D"),
        ("X/Z", "2C", "Z"),
        ("X/Z", "1", "Z"),
        ("X/D", "2", "X"),
        ("X/D", "1C", "D"),
        ("Z/D", "2", "Z"),
        ("Z/D", "1", "D"),
        ("X/Z/U*", "1", "U"),
        ("X/Z/U*", "", "X"),
        ("U", "1", "U"),
    ],
)
def test_an_action_is_decided_by_the_type(action: str, kind: str, expected: str) -> None:
    assert confidentiality.resolved(action, kind) == expected


def test_attributes_have_meanings() -> None:
    assert standard.meaning("00100020") == "Primary identifier for the Patient."
    assert standard.meaning("60xx3000") == "Overlay pixel data."
    public = [entry for entry in dictionary.registry().values() if not entry.retired and entry.tag[:4] > "0002"]
    told = [entry for entry in public if standard.meaning(entry.tag)]
    assert len(told) / len(public) > 0.7
    assert not [entry for entry in told if "<" in standard.meaning(entry.tag).replace("<=", "").replace("< ", "")]

"""Looking up data elements: every one of pydicom's dictionary, in every way of writing it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary

from scripts.dicomtags import dictionary

PUBLIC = {tag: row for tag, row in DicomDictionary.items() if not row[3] and row[4]}


def test_every_public_attribute_is_found_by_tag_and_keyword() -> None:
    assert len(PUBLIC) > 4500
    for tag, (vr, vm, name, _retired, keyword) in PUBLIC.items():
        entry = dictionary.entry_of(f"{tag:08X}")
        assert entry is not None
        assert (entry.keyword, entry.name, entry.vm, entry.retired) == (keyword, name, vm, False)
        assert " or ".join(entry.vrs) == vr.replace("NONE", "")
        assert dictionary.entry_named(keyword) is entry


def test_every_attribute_comes_first_when_its_name_is_searched_for() -> None:
    names = [row[2] for row in PUBLIC.values()]
    for tag, row in list(PUBLIC.items())[::40]:
        if names.count(row[2]) == 1:
            assert dictionary.search(row[2].split())[0].tag == f"{tag:08X}", row[2]


@given(st.sampled_from(sorted(PUBLIC)), st.sampled_from(["{}{}", "{},{}", "({},{})", "( {}, {} )", "({} {})"]))
def test_a_tag_is_read_in_every_way_of_writing(tag: int, form: str) -> None:
    group, element = f"{tag:08X}"[:4], f"{tag:08X}"[4:]
    assert dictionary.read_tag(form.format(group, element)) == f"{tag:08X}"
    assert dictionary.read_tag(form.format(group.lower(), element.lower())) == f"{tag:08X}"


@pytest.mark.parametrize(
    "text", ["", "0010", "0010,00", "001000200", "PatientID", "0010-0020", "0010,,0020", "g0100020"]
)
def test_what_is_no_tag(text: str) -> None:
    assert dictionary.read_tag(text) is None


@given(st.sampled_from(sorted(RepeatersDictionary)), st.integers(0, 127))
def test_repeating_groups_by_mask_and_by_each_of_their_tags(mask: str, number: int) -> None:
    entry = dictionary.entry_of(mask)
    assert entry is not None
    assert entry.keyword == RepeatersDictionary[mask][4]
    digits = iter(f"{number * 2:08X}"[8 - mask.count("x") :])
    one = dictionary.entry_of("".join(next(digits) if digit == "x" else digit for digit in mask))
    assert one is not None
    assert one.keyword == entry.keyword or "x" not in one.tag


def test_words_rank_the_attribute_itself_first_and_retired_ones_last() -> None:
    found = dictionary.search(["patient", "id"])
    assert found[0].keyword == "PatientID"
    assert {"IssuerOfPatientID", "OtherPatientIDsSequence"} <= {each.keyword for each in found}
    retired = [each.retired for each in found]
    assert retired == sorted(retired)
    assert all("patient" in each.keyword.casefold() and "id" in each.keyword.casefold() for each in found)


def test_near_names_and_tags() -> None:
    assert "PatientID" in [each.keyword for each in dictionary.near_names("PatienttID")]
    assert [each.tag for each in dictionary.near_tags("00100021", 1)] == ["00100021"]
    assert {each.tag[:4] for each in dictionary.near_tags("00100099")} == {"0010"}
    assert dictionary.near_tags("12340001") == []


def test_private_elements_of_known_creators() -> None:
    assert dictionary.is_private("00091002")
    assert not dictionary.is_private("00101002")
    known = {each.creator: each.name for each in dictionary.private_entries("00091002")}
    assert known["GEMS_IDEN_01"] == "Suite id"
    (one,) = dictionary.private_entries("0009AA02", "GEMS_IDEN_01")
    assert (one.name, one.vr) == ("Suite id", "SH")
    assert dictionary.private_entries("00091002", "NOBODY") == []


@pytest.mark.parametrize(
    ("tag", "expected"), [("00090010", True), ("000900FF", True), ("00090001", False), ("00091010", False)]
)
def test_the_element_that_names_a_private_creator(tag: str, expected: bool) -> None:
    assert dictionary.is_private_creator(tag) is expected

import pytest

from emulator.deidentify.dicom import extract, tables
from emulator.deidentify.dicom.tables import Row


def test_the_committed_tables_are_those_of_the_package() -> None:
    assert extract.DATA.read_text() == extract.render(extract.extract())


def test_rows_of_repeating_groups_and_private_attributes() -> None:
    assert tables.row(0x00100010) == Row("Z", descriptor=False)
    assert tables.row(0x00081030) == Row("X", descriptor=True)
    assert tables.row(0x50123456) == tables.row(0x60043000) == tables.row(0x00091001) == Row("X", descriptor=False)
    assert tables.row(0x60040010) is None
    assert tables.row(0x00280010) is None


@pytest.mark.parametrize(
    ("iod", "parent", "tag", "kind"),
    [
        ("ct-image", 0, 0x00080020, "2"),  # StudyDate: General Study
        ("ct-image", 0, 0x00080022, "3"),  # AcquisitionDate: General Image
        ("digital-x-ray-image", 0, 0x00081155, "3"),  # stands in items only
        ("digital-x-ray-image", 0x00081110, 0x00081155, "1"),  # ReferencedSOPInstanceUID in ReferencedStudySequence
        ("", 0, 0x00080020, "2"),  # an unknown SOP class: any IOD's demand
        ("ct-image", 0x00091001, 0x00080020, "3"),  # in a private sequence
    ],
)
def test_types_by_iod_and_place(iod: str, parent: int, tag: int, kind: str) -> None:
    assert tables.type_of(iod, parent, tag) == kind


def test_a_sop_class_has_its_iod() -> None:
    assert tables.iod("1.2.840.10008.5.1.4.1.1.2") == "ct-image"
    assert tables.iod("1.2.3") == ""


def test_what_no_instance_can_be_without_is_kept_by_default() -> None:
    assert {0x00080018, 0x0020000D, 0x00020010} <= tables.required() <= tables.keep_by_default()
    assert {0x7FE00010, 0x00280010} <= tables.keep_by_default()
    assert 0x00100010 not in tables.keep_by_default()

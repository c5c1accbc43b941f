"""Messages as a tree, with HL7's names."""

from emulator.hl7v2.message import Message
from scripts.hl7v2 import extract, names
from scripts.hl7v2.names import Part
from scripts.hl7v2.tree import Line, lines
from tests.scripts.hl7v2.messages import order, result


def tree(message: str) -> dict[str, Line]:
    parsed = Message.parse(message.replace("\n", "\r").encode(), allow_null_header=True)
    return {line.place: line for line in lines(parsed)}


def test_the_tables_are_what_the_package_has() -> None:
    before = extract.NAMES.read_text(encoding="utf-8")
    assert extract.tables() == before


def test_names_are_those_of_the_standard() -> None:
    # HL7 v2.5.1, 3.4.2: PID-5 Patient Name (XPN); 2.A.88: XPN.1 Family Name (FN); 2.15.9: MSH-10.
    known = names.of_version("2.5.1")
    assert known.field("PID", 5) == Part("Patient name", "XPN")
    assert known.component("XPN", 1) == Part("Family name", "FN")
    assert known.field("MSH", 10) == Part("Message control ID", "ST")
    assert known.field("PID", 99) == known.field("ZZZ", 1) == Part()


def test_each_version_has_its_own_names() -> None:
    # HL7 v2.3, PID-8 "Sex"; v2.5.1 "Administrative Sex".
    assert names.of_version("2.3").field("PID", 8).name == "Sex"
    assert names.of_version("2.5.1").field("PID", 8).name == "Administrative sex"
    assert names.of_version("9.9").field("PID", 8).name == "Administrative sex"


def test_fields_components_and_repetitions_have_places_and_names() -> None:
    found = tree(order(1))
    assert found["MSH-1"] == Line(1, "MSH-1", "Field separator", "|")
    assert found["MSH-2"].value == "^~\\&"
    assert found["MSH-9.2"] == Line(2, "MSH-9.2", "Trigger event", "O01")
    assert found["PID-3[2].1"] == Line(2, "PID-3[2].1", "ID number", "456")
    assert found["PID-5"] == Line(1, "PID-5", "Patient name", "")
    assert found["PID-5.1"].value == "DOE"
    assert "PID-2" not in found


def test_a_value_of_varying_type_is_read_by_the_type_that_the_segment_states() -> None:
    found = tree(result(1))
    assert found["OBX-5.2"] == Line(2, "OBX-5.2", "Text", "Nodule & more")


def test_subcomponents_and_segments_of_one_s_own_are_shown() -> None:
    found = tree("MSH|^~\\&|A|B|C|D|20260131||ADT^A01|1|P|2.5\nPID|||1^^^HOSP&1.2.3&ISO\nZAB|x^y\n")
    assert found["PID-3.4.2"] == Line(3, "PID-3.4.2", "Universal ID", "1.2.3")
    assert found["ZAB-1.2"] == Line(2, "ZAB-1.2", "", "y")


def test_a_message_without_a_header_is_shown() -> None:
    assert tree("PID|||1\n")["PID-3"].value == "1"

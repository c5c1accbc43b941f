"""ParsedData as Google's page HL7v2 and the descriptions of ParserConfig.version settle it."""

from typing import Any

import pytest

from emulator.hl7v2.message import Message
from emulator.hl7v2.parsed import V1, V2, V3, parsed_data
from tests.emulator.hl7v2.samples import ADMISSION, GOOGLE


def fields(raw: bytes, version: str, segment: str) -> dict[str, str]:
    """The fields of the only segment of an id."""
    (found,) = [each for each in parsed_data(Message.parse(raw), version)["segments"] if each["segmentId"] == segment]
    parsed: dict[str, str] = found["fields"]
    return parsed


def test_sample_of_googles_pages() -> None:
    # docs.cloud.google.com/healthcare-api/docs/concepts/hl7v2: the parsed data of such a message.
    assert parsed_data(Message.parse(GOOGLE)) == {
        "segments": [
            {
                "segmentId": "MSH",
                "fields": {
                    "0": "MSH",
                    "1": "^~\\&",
                    "2": "A",
                    "3": "SEND_FACILITY",
                    "4": "A",
                    "5": "A",
                    "6": "20180101000000",
                    "8.1": "TYPE",
                    "8.2": "A",
                    "9": "20180101000000",
                    "10": "T",
                    "11": "0.0",
                    "14": "AA",
                    "16": "00",
                    "17": "ASCII",
                },
            },
            {"segmentId": "EVN", "fields": {"0": "EVN", "1": "A00", "2": "20180101040000"}},
            {
                "segmentId": "PID",
                "fields": {
                    "0": "PID",
                    "2": "14\x01111",
                    "3[0].1": "11111111",
                    "3[0].5": "MRN",
                    "3[1].1": "1111111111",
                    "3[1].5": "ORGNMBR",
                },
            },
        ]
    }


@pytest.mark.parametrize("version", [V2, V3])
def test_later_versions_count_the_field_separator(version: str) -> None:
    header = fields(ADMISSION, version, "MSH")
    assert (header["0"], header["1"], header["2"], header["9.1"], header["10"]) == (
        "MSH",
        "|",
        "^~\\&",
        "ADT",
        "MSG00001",
    )


def test_subcomponents_are_a_third_level() -> None:
    patient = fields(ADMISSION, V1, "PID")
    assert [patient[f"3[0].4.{number}"] for number in (1, 2, 3)] == ["ADT1", "1.2.3", "ISO"]
    assert "2" not in patient
    assert patient["8"] == "M"


@pytest.mark.parametrize(
    ("version", "values"),
    [
        (V1, ("HIVES \\T\\ RASH", "SWELLING\\R\\")),
        (V2, ("HIVES \\T\\ RASH", "SWELLING\\R\\")),
        (V3, ("HIVES & RASH", "SWELLING~")),
    ],
)
def test_only_v3_unescapes_delimiters(version: str, values: tuple[str, str]) -> None:
    allergy = fields(ADMISSION, version, "AL1")
    assert (allergy["5[0]"], allergy["5[1]"]) == values


def test_v3_leaves_other_sequences_and_the_names_of_delimiters_alone() -> None:
    raw = b"MSH|^~\\&#|A||||||ADT^A01|1|P|2.7\rNTE|1||\\H\\x\\N\\ \\X0D\\ \\E\\ \\P\\ \\F\\ \\S\\"
    assert fields(raw, V3, "NTE")["3"] == "\\H\\x\\N\\ \\X0D\\ \\ # | ^"
    assert fields(raw, V3, "MSH")["2"] == "^~\\&#"


def test_v3_reads_sequences_from_the_left() -> None:
    # HL7 v2.5, 2.7: \\H\\ starts highlighting and \\N\\ ends it; the F between them is text.
    assert fields(b"MSH|^~\\&|A\rNTE|1||\\H\\F\\N\\ and \\Zx\\F\\F\\", V3, "NTE")["3"] == "\\H\\F\\N\\ and \\Zx\\F|"


def test_delimiters_are_those_of_the_header() -> None:
    raw = b"MSH*:;!%*A**B*****ADT:A01*1*P*2.3\rPID***1:2:3%4;5"
    parsed: list[dict[str, Any]] = parsed_data(Message.parse(raw), V2)["segments"]
    assert (parsed[0]["fields"]["1"], parsed[0]["fields"]["2"]) == ("*", ":;!%")
    assert parsed[1]["fields"] == {
        "0": "PID",
        "3[0].1": "1",
        "3[0].2": "2",
        "3[0].3.1": "3",
        "3[0].3.2": "4",
        "3[1]": "5",
    }


@pytest.mark.parametrize(
    ("field", "parsed"),
    [
        ("a^", {"1.1": "a"}),
        ("^a", {"1.2": "a"}),
        ("a&b", {"1.1.1": "a", "1.1.2": "b"}),
        ("~a", {"1[1]": "a"}),
        ("^~&", {}),
        ('""', {"1": '""'}),
    ],
)
def test_empty_parts_are_left_out(field: str, parsed: dict[str, str]) -> None:
    raw = f"MSH|^~\\&|A\rZZZ|{field}".encode()
    assert fields(raw, V1, "ZZZ") == {"0": "ZZZ", **parsed}


@pytest.mark.parametrize(("version", "named"), [(V1, {"0": "MSH"}), (V2, {"0": "MSH", "1": "|"})])
def test_a_second_header_may_be_bare(version: str, named: dict[str, str]) -> None:
    parsed: list[dict[str, Any]] = parsed_data(Message.parse(b"MSH|^~\\&|A\rMSH"), version)["segments"]
    assert parsed[1] == {"segmentId": "MSH", "fields": named}

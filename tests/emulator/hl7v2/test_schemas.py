"""SchematizedData: HL7's own schema, and those of a client on top of it (Cloud Healthcare: SchemaPackage)."""

import json
from typing import Any

import pytest

from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import Message
from emulator.hl7v2.schemas import standard
from emulator.hl7v2.schemas.layers import package_of
from emulator.hl7v2.schemas.model import Group, Json, group_of
from emulator.hl7v2.schemas.schematizing import schematized
from tests.emulator.hl7v2.samples import RESULT

HEADER = "MSH|^~\\&|APP|FAC|||20200101||ZZZ^Z01|1|P|2.5\r"


def segment(name: str, least: int = 0, most: int = 1) -> dict[str, Any]:
    """A member of a group that is a segment."""
    return {"segment": {"type": name, "minOccurs": least, "maxOccurs": most}}


def group(name: str, *members: Json, least: int = 0, most: int = 1, choice: bool = False) -> dict[str, Any]:
    """A member of a group that is a group."""
    return {"group": {"name": name, "members": [*members], "minOccurs": least, "maxOccurs": most, "choice": choice}}


def package(*members: Json, types: list[Json] | None = None, **more: Any) -> dict[str, Any]:
    """A SchemaPackage for messages ZZZ^Z01, with types of segments that have one text."""
    root = {"name": "ZZZ_Z01", "members": [segment("MSH", 1), *members]}
    text = {"name": "1", "type": "ST", "maxOccurs": 1}
    plain = [{"name": name, "fields": [text]} for name in ("AAA", "BBB", "CCC", "DDD", "ZZZ")]
    return {
        "schemas": [{"messageSchemaConfigs": {"ZZZ_Z01": root}}],
        "types": [{"type": [*plain, *(types or [])]}],
        **more,
    }


def made(raw: str | bytes, given: Json, version: str = "V2") -> Any:
    """The one group of a message's schematized data."""
    message = Message.parse(raw.encode() if isinstance(raw, str) else raw)
    (shown,) = json.loads(schematized(message, package_of(given), version)).values()
    return shown


def shape(shown: Any) -> Any:
    """The groups and segments that are there, without what segments hold."""
    if isinstance(shown, list):
        return [shape(each) for each in shown]
    if "0" in shown:
        return shown.get("1") or shown["0"]
    return {key: shape(value) for key, value in shown.items() if value is not None and key != "MSH"}


def test_sample_of_googles_page_keeps_its_groups() -> None:
    # docs.cloud.google.com/healthcare-api/docs/how-tos/hl7v2-default-parser
    (name,) = json.loads(schematized(Message.parse(RESULT), package_of({}), "V2"))
    assert name == "ORU_R01"
    shown = made(RESULT, {})
    assert shape(shown) == {
        "PATIENT_RESULT": [
            {
                "PATIENT": {"PID": "1"},
                "ORDER_OBSERVATION": [
                    {
                        "COMMON_ORDER": {"ORC": "RE"},
                        "OBR": "1",
                        "OBSERVATION": [{"OBX": "1"}, {"OBX": "2"}, {"OBX": "3"}],
                    }
                ],
            }
        ]
    }
    patient = shown["PATIENT_RESULT"][0]["PATIENT"]["PID"]
    assert patient["3"] == [{"1": "PATID5421", "2": None, "3": None, "4": {"1": "My MPI"}, "5": "MR"}]
    assert (patient["2"], patient["7"], patient["8"]) == (None, "19840611", {"1": "F"})
    assert "23" not in patient
    assert shown["MSH"]["1"] == "|"
    assert shown["MSH"]["9"] == {"1": "ORU", "2": "R01", "3": "ORU_R01"}


@pytest.mark.parametrize(
    ("structure", "path", "keys"),
    [
        # GoogleCloudPlatform/healthcare-data-harmonization, mapping_configs/hl7v2_fhir_r4: adt_a01 and oml_o21_ex1.
        (
            "ADT_A01",
            [],
            (
                "ACC AL1 ARV_1 ARV_2 DB1 DG1 DRG EVN GT1 INSURANCE MSH NK1 OBX PD1 PDA PID PROCEDURE PV1 PV2 ROL_1"
                " ROL_2 SFT UAC UB1 UB2"
            ),
        ),
        ("OML_O21", [], "MSH NTE ORDER PATIENT SFT UAC"),
        ("OML_O21", ["PATIENT"], "AL1 ARV GT1 INSURANCE NK1 NTE PATIENT_VISIT PD1 PID PRT"),
        ("OML_O21", ["ORDER"], "BLG CTI FT1 OBSERVATION_REQUEST ORC PRT TIMING"),
        (
            "OML_O21",
            ["ORDER", "OBSERVATION_REQUEST"],
            "CTD DG1 NTE OBR OBSERVATION PRIOR_RESULT PRT SGH SGT SPECIMEN TCD",
        ),
    ],
)
def test_groups_have_the_members_that_google_shows(structure: str, path: list[str], keys: str) -> None:
    found: Any = group_of(standard.structures()[structure], ignore_least=False)
    for name in path:
        (found,) = [member for member in found.members if isinstance(member, Group) and member.name == name]
    shown = {key for key in found.keys if key not in ("DSC",)}
    assert sorted(shown) == sorted({*keys.split(), *({"PRT"} & shown)})


def test_events_share_structures() -> None:
    raw = "MSH|^~\\&|A|B|||20200101||ADT^A04|1|P|2.5\rEVN||20200101\rPID|||7^^^A^MR||DOE^J^^^^^L\rPV1||I\r"
    (name,) = json.loads(schematized(Message.parse(raw.encode()), package_of({}), "V1"))
    assert name == "ADT_A01"


@pytest.mark.parametrize(
    ("segments", "members", "shown"),
    [
        ("AAA|1\rBBB|2\r", [segment("AAA"), segment("BBB")], {"AAA": "1", "BBB": "2"}),
        ("BBB|2\r", [segment("AAA"), segment("BBB")], {"BBB": "2"}),
        ("AAA|1\rAAA|2\r", [segment("AAA", most=-1)], {"AAA": ["1", "2"]}),
        ("AAA|1\rAAA|2\r", [segment("AAA"), segment("BBB"), segment("AAA")], {"AAA_1": "1", "AAA_2": "2"}),
        (
            "AAA|1\rBBB|2\rAAA|3\rBBB|4\rBBB|5\r",
            [group("G", segment("AAA", 1), segment("BBB", most=0), most=0)],
            {"G": [{"AAA": "1", "BBB": ["2"]}, {"AAA": "3", "BBB": ["4", "5"]}]},
        ),
        (
            "BBB|1\rCCC|2\r",
            [group("G", group("H", segment("AAA", 1)), segment("BBB", 1)), segment("CCC")],
            {"G": {"BBB": "1"}, "CCC": "2"},
        ),
        (
            "BBB|1\rAAA|2\r",
            [group("C", segment("AAA", 1), segment("BBB", 1), choice=True, least=1), segment("AAA")],
            {"C": {"BBB": "1"}, "AAA": "2"},
        ),
    ],
)
def test_segments_are_put_into_groups(segments: str, members: list[Json], shown: dict[str, Any]) -> None:
    assert shape(made(HEADER + segments, package(*members))) == shown


@pytest.mark.parametrize(
    ("segments", "members", "words"),
    [
        ("", [segment("AAA", 1)], "segment AAA is missing before segment 2"),
        ("AAA|1\r", [segment("AAA", 2, 3)], "segment AAA is missing"),
        ("", [group("G", segment("AAA", 1), least=1)], "group G is missing"),
        ("AAA|1\rAAA|2\r", [segment("AAA")], "segment 3, AAA, is not expected there"),
        ("BBB|1\rAAA|2\r", [segment("AAA"), segment("BBB")], "segment 3, AAA, is not expected there"),
        ("ZZZ|1\r", [segment("AAA")], "segment 2, ZZZ, is not expected there"),
        (
            "AAA|1\rBBB|2\r",
            [group("C", segment("AAA", 1), segment("BBB", 1), choice=True)],
            "segment 3, BBB, is not expected",
        ),
        ("EEE|1\r", [segment("EEE")], "type EEE is not defined"),
    ],
)
def test_message_that_does_not_fit_is_said_where(segments: str, members: list[Json], words: str) -> None:
    with pytest.raises(MessageError, match=words):
        made(HEADER + segments, package(*members))


def test_what_must_be_there_need_not_where_that_is_ignored() -> None:
    members = [segment("AAA", 1), group("G", segment("BBB", 1), segment("CCC", 1), least=1), segment("DDD", 2, 3)]
    assert shape(made(HEADER + "CCC|1\rDDD|2\r", package(*members, ignoreMinOccurs=True))) == {
        "G": {"CCC": "1"},
        "DDD": ["2"],
    }


@pytest.mark.parametrize(
    ("handling", "shown"),
    [
        ("SKIP", {"G": {"AAA": "1", "BBB": "3"}}),
        ("PARSE", {"G": {"AAA": ["1", "4"], "BBB": "3", "ZZZ": ["2", "5"]}}),
    ],
)
def test_unexpected_segments_are_skipped_or_parsed_in_place(handling: str, shown: dict[str, Any]) -> None:
    raw = HEADER + "AAA|1\rZZZ|2\rBBB|3\rAAA|4\rZZZ|5\r"
    given = package(group("G", segment("AAA"), segment("BBB")), unexpectedSegmentHandling=handling)
    assert shape(made(raw, given)) == shown


SEGMENT_TYPE: Json = {
    "name": "EEE",
    "fields": [
        {"name": "EEE-1", "type": "ST", "minOccurs": 1, "maxOccurs": 1},
        {"name": "2", "type": "PAIR", "maxOccurs": 1},
        {"name": "4", "type": "RAW", "maxOccurs": 2},
        {"name": "5", "type": "ANY"},
    ],
}
TYPES: list[Json] = [
    SEGMENT_TYPE,
    {"name": "PAIR", "fields": [{"name": "a1", "type": "ST", "minOccurs": 1}, {"name": "b2", "type": "INNER"}]},
    {"name": "INNER", "fields": [{"name": "1", "type": "ST"}, {"name": "2", "type": "ST"}]},
    {"name": "RAW", "primitive": "UNESCAPED_STRING"},
    {"name": "ANY", "primitive": "VARIES"},
]


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("x", {"EEE-1": "x"}),
        ("x|", {"EEE-1": "x", "2": None}),
        ("x|a", {"EEE-1": "x", "2": {"a1": "a"}}),
        ("x|a^b", {"EEE-1": "x", "2": {"a1": "a", "b2": {"1": "b"}}}),
        ("x|a^b&c^d", {"EEE-1": "x", "2": {"a1": "a", "b2": {"1": "b", "2": "c"}, "3": {"1": "d"}}}),
        ("x||y", {"EEE-1": "x", "2": None, "3": [{"1": {"1": "y"}}]}),
        ("x|||a^b&c~\\F\\", {"EEE-1": "x", "2": None, "3": None, "4": ["a^b&c", "\\F\\"]}),
        (
            "x||||a^b&c~~d",
            {
                "EEE-1": "x",
                "2": None,
                "3": None,
                "4": None,
                "5": [{"1": {"1": "a"}, "2": {"1": "b", "2": "c"}}, None, {"1": {"1": "d"}}],
            },
        ),
    ],
)
def test_values_are_by_their_types(fields: str, shown: dict[str, Any]) -> None:
    assert made(f"{HEADER}EEE|{fields}\r", package(segment("EEE"), types=TYPES))["EEE"] == {"0": "EEE", **shown}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("", "EEE-1 is missing"),
        ("~", "EEE-1 is repeated"),
        ("a^b", "EEE-1 has parts, but its type ST has none"),
        ("x|^b", "EEE-2.1 is missing"),
        ("x|||a~b~c", "EEE-4 is there 3 times, and at most 2"),
    ],
)
def test_value_that_does_not_fit_is_said_where(fields: str, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        made(f"{HEADER}EEE|{fields}\r", package(segment("EEE"), types=TYPES))


def test_only_v3_unescapes_texts() -> None:
    raw = f"{HEADER}EEE|a\\T\\b|||a\\T\\b\r"
    given = package(segment("EEE"), types=TYPES)
    assert [made(raw, given, version)["EEE"]["EEE-1"] for version in ("V2", "V3")] == ["a\\T\\b", "a&b"]
    assert made(raw, given, "V3")["EEE"]["4"] == ["a\\T\\b"]


@pytest.mark.parametrize(
    ("source", "matches"),
    [
        ([], True),
        ([{"mshField": "12", "value": "2.5"}], True),
        ([{"mshField": "12.1", "value": "2.3"}], False),
        ([{"mshField": "3.1", "value": "APP"}, {"mshField": "4", "value": "FAC"}], True),
        ([{"mshField": "3.1", "value": "APP"}, {"mshField": "4", "value": "OTHER"}], False),
        ([{"mshField": "18[1].1", "value": "UNICODE UTF-8"}], True),
        ([{"mshField": "18[2].1", "value": "UNICODE UTF-8"}], False),
        ([{"mshField": "30", "value": ""}], True),
    ],
)
def test_layer_is_for_messages_that_all_its_sources_match(source: list[Json], matches: bool) -> None:
    raw = HEADER.rstrip("\r") + "||||||ASCII~UNICODE UTF-8\rAAA|1\r"
    given = package(segment("AAA"))
    given["schemas"].append(
        {
            "version": source,
            "messageSchemaConfigs": {"ZZZ_Z01": {"name": "OVER", "members": [segment("MSH"), segment("AAA", most=0)]}},
        }
    )
    (name,) = json.loads(schematized(Message.parse(raw.encode()), package_of(given), "V2"))
    assert name == ("OVER" if matches else "ZZZ_Z01")


def test_later_types_override_earlier_ones_by_name() -> None:
    given = package(segment("PID"))
    given["types"] += [
        {"type": [{"name": "CX", "primitive": "UNESCAPED_STRING"}]},
        {"type": [{"name": "CX", "primitive": "VARIES"}], "version": [{"mshField": "12", "value": "2.9"}]},
    ]
    given["ignoreMinOccurs"] = True
    assert made(f"{HEADER}PID|||1^2^3||A^B\r", given)["PID"] == {
        "0": "PID",
        "1": None,
        "2": None,
        "3": ["1^2^3"],
        "4": None,
        "5": [{"1": {"1": "A"}, "2": "B"}],
    }


def test_message_without_a_schema_is_said() -> None:
    with pytest.raises(MessageError, match="no schema for messages of type ZZZ_Z01"):
        made(HEADER, {})


def test_type_that_is_none_is_not_quoted() -> None:
    with pytest.raises(MessageError, match=r"of this type$"):
        made(HEADER.replace("ZZZ^Z01", "SMITH^JOHN"), {})


def test_source_that_names_no_field_is_refused() -> None:
    with pytest.raises(MessageError, match='mshField "x"'):
        package_of({"schemas": [{"version": [{"mshField": "x", "value": "1"}]}]})

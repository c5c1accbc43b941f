"""HL7v2 messages to measure with: admissions that differ in their ids, and a department's messages of many shapes."""

from collections.abc import Mapping, Sequence

from emulator.state.trouble.chance import fraction

_ADMISSION = (
    "MSH|^~\\&|ADT1|GOOD HEALTH HOSPITAL|GHH LAB|GHH|20070818112640||ADT^A01^ADT_A01|MSG{0:08d}|P|2.5\r"
    "EVN|A01|200708181123\r"
    "PID|1||PATID{0:08d}^5^M11^ADT1^MR^GOOD HEALTH HOSPITAL~123456789^^^USSSA^SS||EVERYMAN^ADAM^A^III||19610615|M|||"
    "2222 HOME STREET^^GREENSBORO^NC^27401-1020|GL|(555) 555-2004|(555) 555-2004||S||"
    "PATID12345001^2^M10^ADT1^AN^A|444333333|987654^NC\r"
    "NK1|1|NUCLEAR^NELDA^W|SPO^SPOUSE||||NK^NEXT OF KIN\r"
    "PV1|1|I|2000^2012^01||||004777^ATTENDING^AARON^A|||SUR||||ADM|A0\r"
    "AL1|1||^PENICILLIN||PRODUCES HIVES~RASH\r"
)
_NUMBER = "#"
"""What the message's number stands in the place of."""
Fields = Mapping[int, Sequence[str]]
"""What the fields of a segment may be, by HL7's numbers; what is not named is empty."""
_MR, _SS = "PATID#^5^M11^ADT1^MR^GOOD HEALTH HOSPITAL", "#^^^USSSA^SS"
_HOME = "# HOME STREET^^GREENSBORO^NC^27401-1020"
_REFERRER, _WHEN = "004778^REFERRING^RITA", "20260718112640"
_SEGMENTS: Mapping[str, Fields] = {
    "EVN": {1: ("A01", "A04", "A08"), 2: (_WHEN,), 6: ("", _WHEN)},
    "PID": {
        1: ("1",),
        2: ("", "#^^^OLD"),
        3: (_MR, f"{_MR}~{_SS}", f"{_MR}~{_SS}~A#^^^HIS&1.2.840.#&ISO^PI"),
        5: ("EVERYMAN#^ADAM^A^III", "EVERYMAN#^ADAM", "EVERYMAN#^EVE^^^DR~NUCLEAR^EVE^^^^^M"),
        6: ("", "JONES^MARY"),
        7: ("19610615",),
        8: ("F", "M"),
        10: ("", "2106-3^White^HL70005"),
        11: (_HOME, f"{_HOME}^USA^H", f"{_HOME}~PO BOX 7^^GREENSBORO^NC^27402"),
        13: ("", "(555) 555-2004", "(555) 555-2004~(555) 555-2005^PRN^PH"),
        16: ("", "S", "M"),
        18: ("", "PATID#^2^M10^ADT1^AN^A"),
        19: ("", "444333333"),
    },
    "NK1": {1: ("1",), 2: ("NUCLEAR^NELDA^W",), 3: ("SPO^SPOUSE",), 4: ("", _HOME), 7: ("", "NK^NEXT OF KIN")},
    "PV1": {
        1: ("1",),
        2: ("I", "O", "E"),
        3: ("2000^2012^01", "2000^2012^01^GHH&1.2.3&ISO"),
        7: ("004777^ATTENDING^AARON^A", "004777^ATTENDING^AARON^A^^DR"),
        8: ("", _REFERRER),
        10: ("SUR", "MED", "RAD"),
        19: ("", "V#^^^ADT1^VN"),
        44: ("", _WHEN),
    },
    "AL1": {
        1: ("1", "2"),
        2: ("", "DA"),
        3: ("^PENICILLIN",),
        5: ("PRODUCES HIVES~RASH", "SWELLING", "HIVES \\T\\ RASH"),
    },
    "ORC": {
        1: ("NW", "RE"),
        2: ("P#^HIS",),
        3: ("", "F#^RIS"),
        7: ("", f"^^^{_WHEN}^^R"),
        9: (_WHEN,),
        12: (_REFERRER,),
    },
    "OBR": {
        1: ("1",),
        2: ("P#^HIS",),
        3: ("", "F#^RIS"),
        4: ("71020^XR CHEST 2V^C4", "30745-4^XR Chest Views^LN^X1^CHEST^L"),
        7: (_WHEN,),
        13: ("", "COUGH \\T\\ FEVER"),
        16: (_REFERRER,),
        22: ("", _WHEN),
        25: ("F", "P"),
        31: ("", "^REASON"),
        32: ("12&READER&ROSE",),
    },
    "OBX": {
        1: ("1", "2", "3"),
        2: ("ST", "TX", "CWE"),
        3: ("18782-3^Radiology Study observation^LN", "2345-7^GLUCOSE^LN^GLU^GLUCOSE^L"),
        5: ("No acute finding.", "Heart size is normal.~Lungs \\T\\ pleura are clear.", "#^Finding^SCT", "1.2.840.#"),
        6: ("", "mg/dl^^UCUM"),
        8: ("", "H"),
        11: ("F",),
        14: ("", _WHEN),
    },
    "NTE": {1: ("1",), 2: ("L",), 3: ("Called to ward", "Called to ward \\F\\ read back")},
}
_KINDS = (
    ("ADT^A01^ADT_A01", ("EVN", "PID", "NK1", "PV1", "AL1", "AL1")),
    ("ORM^O01^ORM_O01", ("PID", "PV1", "ORC", "OBR", "NTE")),
    ("ORU^R01^ORU_R01", ("PID", "PV1", "ORC", "OBR", "OBX", "OBX", "OBX", "OBX", "NTE")),
)
"""Types and segments after the header."""


def admissions(first: int, number: int) -> list[bytes]:
    """Admissions of six segments and one shape, whose ids are numbers from the first on."""
    return [_ADMISSION.format(each).encode() for each in range(first, first + number)]


def mixed(number: int) -> list[bytes]:
    """Admissions, orders and results in turn, with repetitions, subcomponents and escapes, hardly two of one shape."""
    return [_mixed(each) for each in range(number)]


def _mixed(number: int) -> bytes:
    kind, names = _KINDS[number % len(_KINDS)]
    header = f"MSH|^~\\&|HIS|GOOD HEALTH HOSPITAL|RIS|GHH|{_WHEN}||{kind}|MSG{number:08d}|P|2.5"
    segments = [_segment(name, place, number) for place, name in enumerate(names)]
    return ("\r".join((header, *segments)) + "\r").replace(_NUMBER, f"{number:08d}").encode()


def _segment(name: str, place: int, number: int) -> str:
    fields = _SEGMENTS[name]
    chosen = (_choice(fields.get(field, ("",)), number, place, field) for field in range(1, max(fields) + 1))
    return "|".join((name, *chosen)).rstrip("|")


def _choice(choices: Sequence[str], *names: int) -> str:
    return choices[int(fraction(1, *names) * len(choices))]

"""DICOM JSON to the Native DICOM Model in XML and back (PS3.19 A.1, PS3.18 F)."""

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from emulator.dicom import dictionary
from emulator.dicom.errors import DicomError
from emulator.dicom.representations import decimal, integer

Json = dict[str, Any]

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">'
)
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_UNWRITABLE = (
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # compiled, for milliseconds, when first asked for
)
_INTEGERS = frozenset(("IS", "SL", "SS", "SV", "UL", "US", "UV"))
_FLOATS = frozenset(("DS", "FD", "FL"))

GOOGLE_KEYWORDS = {"00090097": "FailureDetail", "00091097": "FailureDetailJSON"}
"""Cloud Healthcare's private attributes in a store response; their creator is GOOGLE."""


def to_xml(dataset: Json) -> bytes:
    """Write one DICOM JSON object as a NativeDicomModel document (UTF-8)."""
    return f"{_HEAD}{''.join(_attributes(dataset))}</NativeDicomModel>".encode()


def _text(value: object) -> str:
    return escape(re.sub(_UNWRITABLE, "\ufffd", str(value)), {"\r": "&#13;"})  # a reader would turn CR LF into LF


def _attributes(dataset: Json) -> Iterator[str]:
    for tag, element in dataset.items():
        creator = ' privateCreator="GOOGLE"' if tag in GOOGLE_KEYWORDS else ""
        keyword = GOOGLE_KEYWORDS.get(tag) or dictionary.keyword(int(tag, 16))
        named = f" keyword={quoteattr(keyword)}" if keyword else ""
        yield f'<DicomAttribute tag="{tag}" vr="{element["vr"]}"{named}{creator}>'
        if "BulkDataURI" in element:
            yield f"<BulkData uri={quoteattr(element['BulkDataURI'])}/>"
        elif "InlineBinary" in element:
            yield f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"
        for number, value in enumerate(element.get("Value", ()), 1):
            yield _value(element["vr"], number, value)
        yield "</DicomAttribute>"


def _value(vr: str, number: int, value: Any) -> str:
    if vr == "SQ":
        return f'<Item number="{number}">{"".join(_attributes(value or {}))}</Item>'
    if vr == "PN":
        return f'<PersonName number="{number}">{"".join(_name_groups(value or {}))}</PersonName>'
    return f'<Value number="{number}">{"" if value is None else _text(value)}</Value>'


def _name_groups(value: dict[str, str]) -> Iterator[str]:
    for group in _GROUPS:
        if group in value:
            pairs = zip(_NAME_PARTS, value[group].split("^"), strict=False)
            parts = "".join(f"<{part}>{_text(text)}</{part}>" for part, text in pairs if text)
            yield f"<{group}>{parts}</{group}>"


def from_xml(document: bytes) -> Json:
    """Read a NativeDicomModel document as DICOM JSON; DicomError if it is none."""
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise DicomError("The XML has a document type declaration, which is not accepted.")
    try:
        root = ET.fromstring(document)  # noqa: S314 (no document type: nothing to expand)
    except ET.ParseError:
        raise DicomError("The document is not well-formed XML.") from None
    if _local(root) != "NativeDicomModel":
        raise DicomError("The document is not a NativeDicomModel.")
    return _dataset(root)


def _local(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2]


def _dataset(node: ET.Element) -> Json:
    dataset: Json = {}
    for attribute in node:
        vr = attribute.get("vr", "UN")
        element: Json = {"vr": vr}
        values: list[Any] = []
        for child in attribute:
            kind = _local(child)
            if kind == "BulkData":
                element["BulkDataURI"] = child.get("uri") or child.get("URI") or ""
            elif kind == "InlineBinary":
                element["InlineBinary"] = child.text or ""
            elif kind == "Item":
                values.append(_dataset(child))
            elif kind == "PersonName":
                values.append({_local(group): _joined(group) for group in child} or None)
            else:
                values.append(_typed(vr, child.text))
        if values:
            element["Value"] = values
        dataset[attribute.get("tag", "").upper()] = element
    return dataset


def _joined(group: ET.Element) -> str:
    texts = {_local(part): part.text or "" for part in group}
    return "^".join(texts.get(part, "") for part in _NAME_PARTS).rstrip("^")


def _typed(vr: str, text: str | None) -> Any:
    if text is None or text == "":
        return None
    number = integer(text) if vr in _INTEGERS else decimal(text) if vr in _FLOATS else None
    return text if number is None else number

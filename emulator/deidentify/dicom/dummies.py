"""Values that say nothing, by VR: what stands where an attribute must have a value (PS3.15 E.1.1: D)."""

from emulator.deidentify.keys import Secret
from emulator.dicom import dictionary
from emulator.dicom.values import NUMBER_FORMATS

WORD = b"ANONYMIZED"
IMPLEMENTATION = b"2.25.219813396218741928691912121006301988932"
"""The ImplementationClassUID of files that this program writes (PS3.7 D.3.3.2), made by PS3.5 B.2."""

_IMPLEMENTATION_CLASS = 0x00020012
ENCAPSULATED_DOCUMENT = 0x00420011
_TIMEZONE = 0x00080201
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
_DOCUMENTS = ((b"%PDF-", _PDF), (b"<", b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>'))
"""How a document begins, and one of its kind that says nothing."""
_TEXTS = {
    "AS": b"000Y",
    "DA": b"19000101",
    "DS": b"0",
    "DT": b"19000101000000",
    "IS": b"1",
    "TM": b"000000",
    "UR": b"urn:anonymized",
}
_OTHER_WORDS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"))


def dummy(tag: int, vr: str, raw: bytes, secret: Secret) -> bytes:
    """A value of a VR in the place of another; unpadded. A document becomes an empty one."""
    if vr in _OTHER_WORDS:
        return b"+0000" if tag == _TIMEZONE else WORD
    if vr in _TEXTS:
        return _TEXTS[vr]
    if tag == _IMPLEMENTATION_CLASS:
        return IMPLEMENTATION
    if vr == "UI":
        return new_uids(raw, secret)
    if tag == ENCAPSULATED_DOCUMENT:
        return next((empty for start, empty in _DOCUMENTS if raw.lstrip(b"\xef\xbb\xbf \r\n").startswith(start)), b" ")
    return bytes(4 if vr == "AT" else NUMBER_FORMATS.get(vr, ("", 2))[1])


def new_uids(raw: bytes, secret: Secret) -> bytes:
    """The UIDs that take the place of those in a value; the standard's own stay. An empty value stays empty."""
    uids = raw.decode("latin-1").rstrip("\0 ").split("\\")
    return "\\".join(_new_uid(uid.strip("\0 "), secret) for uid in uids).encode("latin-1")


def _new_uid(uid: str, secret: Secret) -> str:
    return uid if not uid or dictionary.is_standard_uid(uid) else secret.uid(uid)


def says_nothing(vr: str, text: str) -> bool:
    """Whether a text value is one of the dummies of its VR, in any case."""
    return text.upper().encode("utf-8", "replace") in (WORD, _TEXTS.get(vr, WORD).upper())

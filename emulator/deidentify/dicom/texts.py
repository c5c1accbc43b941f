"""Texts of attributes with what identifies a person replaced, by VR, so that they stay values of their VR."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.deidentify import dates
from emulator.deidentify.keys import Secret
from emulator.deidentify.text.cleaner import Cleaner
from emulator.deidentify.text.findings import KNOWN, FindingKind, Origin
from emulator.deidentify.text.known import Known
from emulator.deidentify.text.transformations import DateShift, transformed
from emulator.dicom.charset import Charset

_WHOLE = {"PN": "PERSON_NAME", "DA": "DATE", "DT": "DATE", "AS": "AGE"}
"""VRs whose values are of one infoType, whatever they look like."""
_SINGLE = frozenset(("LT", "ST", "UT", "UN"))
_MOST = {"AE": 16, "SH": 16, "LO": 64, "ST": 1024, "LT": 10240}
"""The characters of a value (PS3.5 6.2)."""
_FORMS = {
    "DA": re.compile(r"\d{8}|\d{4}\.\d\d\.\d\d"),
    "AS": re.compile(r"\d{3}[DWMY]"),
    "DT": re.compile(r"\d{4}[\d.+-]*"),
}
_SHIFTS: dict[str, Callable[[str, int], str]] = {"DA": dates.shift_da, "DT": dates.shift_dt}


@dataclass
class Texts:
    """What cleans the texts of one instance: a cleaner and its key, the header's own values, the patient.

    `found` counts what was replaced.
    """

    cleaner: Cleaner
    secret: Secret
    known: Known
    patient: str
    found: Counter[FindingKind] = field(default_factory=Counter)

    def cleaned(self, vr: str, raw: bytes, charset: Charset) -> bytes:
        """A value without what identifies a person; `raw` itself where there is nothing such."""
        text = charset.decode(raw, person_name=vr == "PN").rstrip("\0 ")
        if vr == "UN" and not text.replace("\r", "").replace("\n", "").isprintable():
            return raw
        parts = [text] if vr in _SINGLE else text.split("\\")
        new = "\\".join(self._value(vr, part) for part in parts)
        return raw if new == text else charset.encode(new)

    def _value(self, vr: str, text: str) -> str:
        if not text.strip():
            return text
        if vr == "PN":
            # In a name = parts its groups: the padding of a hash's base64 goes.
            return "=".join(self._whole(vr, group)[:64].replace("=", "") for group in text.split("="))
        new = self._whole(vr, text) if vr in _WHOLE else self._free(text)
        if new != text and vr in _FORMS and not _FORMS[vr].fullmatch(new):
            return ""
        return new[: _MOST.get(vr)] if new != text else text

    def _free(self, text: str) -> str:
        cleaned = self.cleaner.clean(text, self.known, self.patient)
        self.found.update(each.kind(Origin.HEADER) for each in cleaned.findings)
        return cleaned.text

    def _whole(self, vr: str, text: str) -> str:
        """A value that is all of one infoType."""
        how = self.cleaner.rules.transformation(_WHOLE[vr])
        if how is None or not text.strip():
            return text
        self.found[FindingKind(Origin.HEADER, _WHOLE[vr], KNOWN)] += 1
        if isinstance(how, DateShift) and vr in _SHIFTS:
            try:
                return _SHIFTS[vr](text.strip(), (how.secret or self.secret).days(self.patient))
            except dates.NotADate:
                return ""
        return transformed(text, _WHOLE[vr], how, self.secret)

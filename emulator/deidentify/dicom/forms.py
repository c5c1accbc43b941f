"""The characters of values that are numbers, days, times or UIDs (PS3.5 6.2): what has others is a text in disguise."""

import re

_CHARACTERS = {
    "AS": rb"0-9DWMY",
    "DA": rb"0-9.\-",
    "DS": rb"0-9.,+\-eE",
    "DT": rb"0-9.+\-",
    "IS": rb"0-9.+\-",
    "TM": rb"0-9.:+\-",
    "UI": rb"0-9.",
}
"""Those of the standard, and a few that sloppy writers use: decimal commas, dots in integers, ISO's signs in times."""
FORMS = {vr: re.compile(rb"[" + characters + rb"\\ \0]*") for vr, characters in _CHARACTERS.items()}
"""What the values of such VRs match as a whole."""


def fits(vr: str, value: bytes) -> bool:
    """Whether a value has no character that its VR does not know; of a VR without such a form any does."""
    form = FORMS.get(vr)
    return form is None or form.fullmatch(value) is not None

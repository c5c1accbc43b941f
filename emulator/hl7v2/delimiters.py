"""The characters that separate the parts of a message, as its header names them (HL7 v2.5, 2.5.4)."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from emulator.hl7v2.cutting import Cutter
from emulator.hl7v2.errors import MessageError

_TOO_FEW = "MSH-2 must name two to five encoding characters, such as ^~\\&"
_NOT_APART = "MSH-1 and MSH-2 must be different characters, none of them a letter, a digit or a blank"


@dataclass(frozen=True)
class Delimiters:
    """Each is one character, or "" where the header has none of the kind."""

    field: str
    component: str
    repetition: str
    escape: str = ""
    subcomponent: str = ""
    truncation: str = ""

    @classmethod
    def of_header(cls, header: str) -> "Delimiters":
        """Those that an MSH segment names: the character after MSH, and MSH-2. Raises MessageError."""
        return _named(header[3:_END])

    @cached_property
    def cutter(self) -> Cutter:
        """What cuts texts at them."""
        return Cutter(self.field + self.component + self.repetition + self.subcomponent)

    @cached_property
    def encoding(self) -> str:
        """MSH-2: all but the field separator."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


STANDARD = Delimiters("|", "^", "~", "\\", "&")
"""Those that HL7 recommends, for messages without a header."""
_END = 10
"""Where in a header one encoding character too many would be."""


@lru_cache(maxsize=256)
def _named(text: str) -> Delimiters:
    """The delimiters that a text begins with: a field separator, and encoding characters up to the next one."""
    field = text[:1]
    encoding = text[1:].partition(field)[0] if field else ""
    if not 2 <= len(encoding) <= 5:
        raise MessageError(_TOO_FEW)
    named = field + encoding
    if len(set(named)) != len(named) or any(each.isalnum() or each.isspace() for each in named):
        raise MessageError(_NOT_APART)
    return Delimiters(*named)

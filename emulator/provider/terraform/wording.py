"""The stand-in's sentences, which speak of Pulumi, in the words of Terraform."""

from __future__ import annotations

import re
from typing import Final

from emulator.provider.terraform.shapes import spelled

_PHRASES: Final = (
    ("the stand-in gcp plugin", "the stand-in provider"),
    ("use the official plugin (`pulumi plugin install resource gcp`)", "use Google's own provider"),
    ("the stack's configuration", "the provider's block"),
    ("run `pulumi refresh`, then `pulumi up`", "run `terraform apply`"),
    ("`pulumi up`", "`terraform apply`"),
    ("gcp:*CustomEndpoint", "*_custom_endpoint"),
)
_KEY: Final = re.compile(r"\bgcp:([A-Za-z]+)")
_PROPERTY: Final = re.compile(r"\b[a-z]+(?:[A-Z][a-z]+)+\b")


def reworded(sentence: str) -> str:
    """A sentence of the stand-in's own; what Google's services say is not for this."""
    for then, now in _PHRASES:
        sentence = sentence.replace(then, now)
    sentence = _KEY.sub(lambda found: spelled(found[1]), sentence)
    return _PROPERTY.sub(lambda found: spelled(found[0]), sentence)

"""What Google's open parser refuses although the definitions allow it: a check must not promise that it will pass.

docs/fhir-validation.md, "Where it differs from Google's parser", has each. The service is likely to be as its parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.fhir.validation.problems import Problem

Json = dict[str, Any]
_DOUBT = "Google's open parser refuses it, the definitions don't: "


def doubtful(resource: Json, version: str) -> Iterator[Problem]:
    """What in a resource that is right may be refused all the same."""
    text = resource.get("text")
    for name in ("div", "_div"):
        if isinstance(text, dict) and name in text and not isinstance(text[name], str):
            path = f"{resource.get('resourceType')}.text.{name}"
            yield Problem(f"{_DOUBT}a narrative that is no text", path=path)
    if version != "R4":
        return
    if "Contained" in resource:
        path = f"{resource.get('resourceType')}.Contained"
        yield Problem(f"{_DOUBT}Contained, which must be written contained", path=path)
    if resource.get("resourceType") == "Parameters" and _holds_resource(resource.get("parameter")):
        yield Problem(f"{_DOUBT}a resource in a parameter", path="Parameters.parameter")


def _holds_resource(parameters: Any) -> bool:
    """Whether a list of parameters, or one of their parts, holds a resource."""
    return isinstance(parameters, list) and any(
        isinstance(each, dict) and ("resource" in each or _holds_resource(each.get("part"))) for each in parameters
    )

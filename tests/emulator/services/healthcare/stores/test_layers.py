"""What stores share knows no kind of them, and no kind knows another."""

import pytest

from tests.test_imports import graph

PACKAGE = "emulator.services.healthcare"
KINDS = ("dicom", "fhir", "hl7v2", "consent")
SHARED = ("agent", "changes", "datasets", "names", "notifications", "operations", "service", "stores", "transfer")


def of(parts: tuple[str, ...], module: str) -> bool:
    """Whether a module is one of these parts of Cloud Healthcare, or below one."""
    inner = module.removeprefix(f"{PACKAGE}.")
    return inner != module and inner.split(".")[0] in parts


@pytest.mark.parametrize(("part", "others"), [*((kind, {*KINDS} - {kind}) for kind in KINDS), (SHARED, {*KINDS})])
def test_no_part_imports_a_kind_but_its_own(part: str | tuple[str, ...], others: set[str]) -> None:
    parts = (part,) if isinstance(part, str) else part
    modules = {name: imports for name, imports in graph().items() if of(parts, name)}
    assert modules
    wrong = {name: [each for each in imports if of(tuple(others), each)] for name, imports in modules.items()}
    assert {name: imports for name, imports in wrong.items() if imports} == {}

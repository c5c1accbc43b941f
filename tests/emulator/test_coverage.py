"""docs/coverage.md says what the registry of handlers says, and which permission each method needs."""

import importlib

import orjson

from emulator import coverage
from emulator.access.roles import all_permissions
from emulator.app import SERVICES


def test_the_page_is_up_to_date() -> None:
    assert coverage.DOCUMENT.read_text() == coverage.table(), "run: python -m emulator.coverage"


def test_each_method_has_its_permission_and_each_permission_a_source() -> None:
    asked = orjson.loads(coverage.ASKED.read_bytes())["methods"]
    registrations = [
        registration
        for name in SERVICES
        for registration in importlib.import_module(f"emulator.services.{name}").SERVICE.registrations.values()
    ]
    needed = {each.method_id: coverage.permissions(each, asked) for each in registrations}
    assert [method for method, found in needed.items() if found is None] == [], f"say in {coverage.ASKED} what it asks"
    unknown = {each for found in needed.values() for each in found or ()} - all_permissions()
    assert unknown == set(), "list them in emulator/data/roles, with the page that documents them"
    assert set(asked) - set(needed) == set()

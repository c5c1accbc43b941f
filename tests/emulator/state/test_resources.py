"""Named resources: uniqueness, paging, trees."""

import sqlite3

import pytest

from emulator.errors import ApiError
from tests.emulator.conftest import InProcess


def test_names_are_unique_within_a_kind(in_process: InProcess) -> None:
    resources = in_process.emulator.resources
    in_process.write(resources.insert, "kind", "projects/p/things/a", "projects/p", {"x": 1})
    in_process.write(resources.insert, "other", "projects/p/things/a", "projects/p", {})
    with pytest.raises(ApiError) as taken:
        in_process.write(resources.insert, "kind", "projects/p/things/a", "projects/p", {})
    assert (taken.value.code, taken.value.status) == (409, "ALREADY_EXISTS")


def test_pages_cover_everything_once(in_process: InProcess) -> None:
    resources = in_process.emulator.resources
    for i in range(7):
        in_process.write(resources.insert, "kind", f"projects/p/things/{i}", "projects/p", {"n": i})
    seen: list[int] = []
    token, pages = "", 0
    while True:
        page, token = resources.list("kind", "projects/p", 3, token)
        seen += [r.body["n"] for r in page]
        pages += 1
        if not token:
            break
    assert (seen, pages) == (list(range(7)), 3)


def test_delete_tree_takes_what_lies_below_and_nothing_beside(in_process: InProcess) -> None:
    resources, policies = in_process.emulator.resources, in_process.emulator.policies
    names = ["projects/p/sets/a", "projects/p/sets/a/stores/s", "projects/p/sets/a-b", "projects/p/sets/ab"]

    def fill(tx: sqlite3.Connection) -> None:
        for name in names:
            resources.insert(tx, "kind", name, "projects/p", {})
            policies.set(tx, name, {"bindings": [{"role": "roles/viewer", "members": ["user:a@example.com"]}]})

    in_process.write(fill)
    in_process.write(resources.delete_tree, "projects/p/sets/a")
    assert [name for name in names if resources.get("kind", name)] == names[2:]
    assert [name for name in names if policies.get(name).get("bindings")] == names[2:]


def test_a_replaced_resource_has_a_new_etag(in_process: InProcess) -> None:
    resources = in_process.emulator.resources
    old = in_process.write(resources.insert, "kind", "projects/p/things/a", "projects/p", {"x": 1})
    new = in_process.write(resources.replace, "kind", old.name, {"x": 2})
    assert new.etag != old.etag
    assert new.created == old.created
    with pytest.raises(ApiError, match="not found"):
        in_process.write(resources.replace, "kind", "projects/p/things/b", {})

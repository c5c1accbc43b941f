"""People in the configuration, and the conditions of what they and the accounts are granted."""

from __future__ import annotations

import json

import pytest

from infra.people import FORM, Person, check
from infra.settings import SettingsError
from tests.infra.graph import PROJECT, declare, settings

EXPORT = f"projects/_/buckets/{PROJECT}-dev-export/objects/"


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("user:ada@example.org", Person("user:ada@example.org")),
        ("group:radiology@example.org until 2027-06-30", Person("group:radiology@example.org", "2027-06-30")),
        ("group:radiology@example.org until June", None),
        ("group:radiology@example.org until 2027-13-01", None),
        ("allUsers", None),
        ("domain:example.org", None),
    ],
)
def test_a_person_is_a_member_with_the_day_on_which_its_right_ends(text: str, person: Person | None) -> None:
    assert Person.read(text) == person
    assert check([text]) == (None if person else FORM)


def test_nobody_is_named_twice() -> None:
    assert check(["user:ada@example.org", "user:ada@example.org until 2027-06-30"]) == "must name everybody once"
    with pytest.raises(SettingsError, match="healthcare-cloud-poc:stewards must name everybody once"):
        settings(stewards='["user:ada@example.org", "user:ada@example.org"]', research="true")


def test_who_may_act_until_a_day_has_a_condition_that_says_so() -> None:
    people = ["user:ada@example.org until 2027-06-30", "group:radiology@example.org"]
    graph = declare(settings(readers=json.dumps(people)))
    given = {
        each.inputs["member"]: each.inputs.get("condition") for each in graph.of("serviceaccount/iAMMember:IAMMember")
    }
    assert given == {
        "user:ada@example.org": {
            "title": "until 2027-06-30T00:00:00Z",
            "expression": 'request.time < timestamp("2027-06-30T00:00:00Z")',
        },
        "group:radiology@example.org": None,
    }


def test_the_reader_sees_the_objects_only_that_are_released_to_it() -> None:
    graph = declare(settings(readerPrefix="released/"))
    grant = next(each for each in graph if each.name == "accounts-reader-reads-export")
    # The expression for listing is that of IAM's "Attribute reference for IAM Conditions".
    assert grant.inputs["condition"]["expression"] == (
        f'resource.name.startsWith("{EXPORT}released/")'
        " || api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith(\"released/\")"
    )
    assert "condition" not in next(each for each in declare(settings()) if each.name == grant.name).inputs


def test_the_loader_writes_notes_beside_exports_and_nothing_else_there() -> None:
    graph = declare(settings())
    (grant,) = [each for each in graph if each.inputs.get("role") == "roles/storage.objectUser"]
    assert (grant.inputs["bucket"], grant.inputs["member"].split("@")[0]) == (
        f"{PROJECT}-dev-export",
        "serviceAccount:imaging-dev-loader",
    )
    assert f'"{EXPORT}.export/"' in grant.inputs["condition"]["expression"]

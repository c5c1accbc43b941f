"""What an allow policy may say: its size, custom roles, audit configuration; and which roles a change concerns."""

from typing import Any

import pytest

from emulator.access import policy_rules
from emulator.errors import ApiError
from tests.emulator.access.test_authorization import PROJECT, READER, grant
from tests.emulator.conftest import InProcess


def binding(members: list[str], role: str = "roles/viewer", **more: Any) -> dict[str, Any]:
    return {"role": role, "members": members, **more}


def people(count: int) -> list[str]:
    return [f"user:u{number}@example.com" for number in range(count)]


def groups(count: int) -> list[str]:
    return [f"group:g{number}@example.com" for number in range(count)]


def conditional(count: int) -> list[dict[str, Any]]:
    conditions = [{"title": str(n), "expression": f"resource.name != '{n}'"} for n in range(count)]
    return [binding([READER], "roles/browser", condition=each) for each in conditions]


@pytest.mark.parametrize(
    ("bindings", "audit"),
    [
        ([binding(people(1500))], []),
        ([binding(groups(250))], []),
        (conditional(20), []),
    ],
)
def test_as_much_as_iam_takes(bindings: list[Any], audit: list[Any]) -> None:
    """IAM: "Quotas and limits"."""
    policy_rules.check_sizes(bindings, audit)


EXEMPT = [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ", "exemptedMembers": [READER]}]}]


@pytest.mark.parametrize(
    ("bindings", "audit", "message"),
    [
        ([binding(people(1501))], [], r"members in the policy \(1,501\) is larger than the maximum allowed size 1,500"),
        ([binding(people(1500))], EXEMPT, r"\(1,501\)"),
        ([binding(people(800)), binding(people(800), "roles/browser")], [], r"\(1,600\)"),
        ([binding(groups(251))], [], r"groups in the policy \(251\)"),
        (conditional(21), [], "under 21 conditions"),
    ],
)
def test_more_is_refused(bindings: list[Any], audit: list[Any], message: str) -> None:
    with pytest.raises(ApiError, match=message) as refused:
        policy_rules.check_sizes(bindings, audit)
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"auditLogConfigs": [{"logType": "DATA_READ"}]}, "service"),
        ({"service": "allServices", "auditLogConfigs": [{}]}, "logType"),
        (
            {"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ", "exemptedMembers": ["me"]}]},
            "unknown type",
        ),
    ],
)
def test_an_audit_configuration_that_says_nothing_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError, match=message):
        policy_rules.checked_audit([config])


def test_changed_roles_are_those_whose_members_or_conditions_differ() -> None:
    before = [binding(["user:a@e.com", "user:b@e.com"]), binding(["user:a@e.com"], "roles/browser")]
    after = [
        binding(["user:b@e.com"]),
        binding(["user:a@e.com"]),
        binding(["user:a@e.com"], "roles/browser", condition={"title": "t", "expression": "true"}),
    ]
    assert policy_rules.changed_roles(before, after) == ["roles/browser"]
    assert policy_rules.changed_roles([], after) == ["roles/browser", "roles/viewer"]


@pytest.mark.parametrize("role", [f"{PROJECT}/roles/nobodys", "projects/other/roles/theirs", "organizations/1/roles/x"])
def test_a_custom_role_that_is_not_there_cannot_be_granted(in_process: InProcess, role: str) -> None:
    with pytest.raises(ApiError, match="does not exist in the resource's hierarchy") as refused:
        grant(in_process, PROJECT, role, READER)
    assert refused.value.code == 400

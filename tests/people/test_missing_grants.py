"""Each grant of the program, taken away alone: `preflight` names it."""

from __future__ import annotations

import pytest

from infra.outputs import Outputs
from scripts.checks import Check, State, agent_grants, run_checks
from scripts.connection import Connection, connect_to
from scripts.preflight import after
from scripts.preflight.needs import needs
from tests.infra.graph import Declared
from tests.people.standing import Standing


def grants(standing: Standing) -> list[Declared]:
    """The grants of the program, but for those to people, who differ from stack to stack."""
    found = [each for each in standing.graph if "member" in each.inputs]
    return [each for each in found if "-for-" not in each.name]


def account(standing: Standing, grant: Declared) -> str:
    member = standing.chosen.get(grant.inputs["member"], grant.inputs["member"])
    return str(member).partition(":")[2]


def about(target: Connection, outputs: Outputs, who: str, role: str) -> list[Check]:
    """The checks of an account's grants of one role, `status`' own among them."""
    names = {need.name for need in needs(outputs) if (need.account, need.role) == (who, role)}
    own = [each for each in after.checks(target) if each.name in names]
    return [*own, *(each for each in agent_grants(target) if who == outputs.healthcare_agent_email)]


def unwell(standing: Standing, who: str, role: str) -> list[str]:
    """What `preflight` says of an account's grants of one role that are not there."""
    with connect_to(standing.outputs) as target:
        checks = about(target, standing.outputs, who, role)
        return [each.detail for each in run_checks(target, checks) if each.state != State.OK]


def test_preflight_names_each_grant_that_is_missing(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", standing.emulator.owner_token)
    missed = {}
    for grant in grants(standing):
        standing.remove(grant)
        who, role = account(standing, grant), str(grant.inputs["role"])
        said = unwell(standing, who, role)
        standing.make(grant)
        if len(said) != 1 or not said[0].startswith(who) or role not in said[0]:
            missed[grant.name] = said
    assert missed == {}
    with connect_to(standing.outputs) as target:
        assert [each for each in run_checks(target) if each.state != State.OK] == []
        assert [each for each in run_checks(target, after.checks(target)) if each.state != State.OK] == []

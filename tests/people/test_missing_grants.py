"""Each grant of the program, taken away alone: `preflight` names it, and who is to get which role."""

from __future__ import annotations

import pytest

from scripts.access.decisions import Access
from scripts.checks import Check, State, agent_grants, run_checks
from scripts.connection import Connection, connect_to
from scripts.preflight import after
from scripts.preflight.needs import Need, needs
from tests.infra.graph import Declared
from tests.people.command_lines import ON_GOOGLE_CLOUD
from tests.people.standing import Standing


def about(target: Connection, wanted: list[Need], who: str) -> list[Check]:
    """The checks of some needs of an account, `status`' own among them."""
    own = after.checks_of(Access(target), wanted)
    return [*own, *(each for each in agent_grants(target) if who == target.outputs.healthcare_agent_email)]


def lacking(target: Connection, who: str, role: str, known: list[Need]) -> dict[str, str]:
    """What `preflight` says of an account's grants of one role that are not there, by the names of its checks."""
    wanted = [need for need in known if (need.member.partition(":")[2], need.role) == (who, role)]
    results = list(run_checks(target, about(target, wanted, who)))
    return {each.name: each.detail for each in results if each.state != State.OK}


def check_each(standing: Standing, grants: list[Declared]) -> None:
    """Take each grant away, look at what `preflight` says, and put it back; in the end `preflight` finds nothing."""
    known = list(needs(standing.outputs))
    missed: dict[str, object] = {}
    with connect_to(standing.outputs) as target:
        for grant in grants:
            who, role = standing.holder(grant), str(grant.inputs["role"])
            standing.remove(grant)
            told = lacking(target, who, role, known)
            if len(told) != 1 or not all(who in each and role in each for each in told.values()):
                missed[grant.name] = told
            standing.make(grant)
        assert missed == {}
        assert [each for each in run_checks(target) if each.state != State.OK] == []
        assert [each for each in run_checks(target, after.checks(target)) if each.state != State.OK] == []


def test_each_grant_that_is_missing_is_named(ready: Standing) -> None:
    check_each(ready, [*ready.grants(), *ready.people()])


def test_each_grant_for_dataflow_and_airflow_that_is_missing_is_named(
    standing: Standing, elsewhere: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(elsewhere.emulator.credentials_file))
    known = {grant.name for grant in standing.grants()}
    own = [grant for grant in elsewhere.grants() if grant.name not in known]
    assert {grant.name for grant in own} == {*ON_GOOGLE_CLOUD}
    check_each(elsewhere, own)

"""Each grant of the program, taken away alone: `preflight` names it, and what needed it says who lacks what on what."""

from __future__ import annotations

import pytest

from scripts.checks import Check, State, agent_grants, run_checks
from scripts.connection import Connection, connect_to
from scripts.credentials import ACT_AS
from scripts.errors import CommandError
from scripts.preflight import after
from scripts.preflight.needs import Need, needs
from tests.infra.graph import Declared
from tests.people.probes import PROBES
from tests.people.standing import Standing


@pytest.fixture
def ready(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> Standing:
    """The stack, and the credentials of the emulator's key."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(standing.emulator.credentials_file))
    return standing


def grants(standing: Standing) -> list[Declared]:
    """The grants of the program, but for those to people, who differ from stack to stack."""
    found = [each for each in standing.graph if "member" in each.inputs]
    return [each for each in found if "-for-" not in each.name]


def account(standing: Standing, grant: Declared) -> str:
    member = standing.chosen.get(grant.inputs["member"], grant.inputs["member"])
    return str(member).partition(":")[2]


def about(target: Connection, wanted: list[Need], who: str) -> list[Check]:
    """The checks of some needs of an account, `status`' own among them."""
    names = {need.name for need in wanted}
    own = [each for each in after.checks(target) if each.name in names]
    return [*own, *(each for each in agent_grants(target) if who == target.outputs.healthcare_agent_email)]


def lacking(standing: Standing, who: str, role: str) -> dict[str, str]:
    """What `preflight` says of an account's grants of one role that are not there, by the names of its checks."""
    wanted = [need for need in needs(standing.outputs) if (need.account, need.role) == (who, role)]
    with connect_to(standing.outputs) as target:
        results = list(run_checks(target, about(target, wanted, who)))
    return {each.name: each.detail for each in results if each.state != State.OK}


def said_by_a_command(standing: Standing, need: Need) -> str:
    """What a command tells the person that runs it as the account, of the call that takes the permission."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ACT_AS, need.account)
        try:
            with connect_to(standing.outputs) as target:
                PROBES[need.permission](target, need.resource)
        except CommandError as error:
            return str(error)
    return "nothing: it went well"


# Who may see the logs of data access alone is first asked for the permission to list entries at all.
SAID = {"logging.privateLogEntries.list": "logging.logEntries.list"}


def unnamed(standing: Standing, need: Need) -> dict[str, str]:
    """What a command says, unless it names who lacks which permission on what."""
    if not need.account.startswith("imaging-"):
        return {}  # an agent, whom no command works as
    said, permission = said_by_a_command(standing, need), SAID.get(need.permission, need.permission)
    on = need.resource.name.split("/")[3] if need.resource.kind in ("bucket", "object") else need.resource.plain
    whole = f"{need.account} lacks {permission} on " in said and on in said
    return {} if whole else {need.name: said}


def test_each_grant_that_is_missing_is_named(ready: Standing) -> None:
    """By `preflight`, all of them, and by what needs it, those of the accounts that people act as."""
    found = {need.name: need for need in needs(ready.outputs)}
    missed: dict[str, object] = {}
    for grant in grants(ready):
        who, role = account(ready, grant), str(grant.inputs["role"])
        ready.remove(grant)
        told = lacking(ready, who, role)
        if len(told) != 1 or not all(who in each and role in each for each in told.values()):
            missed[grant.name] = told
        for name in told.keys() & found.keys():
            missed |= unnamed(ready, found[name])
        ready.make(grant)
    assert missed == {}
    with connect_to(ready.outputs) as target:
        assert [each for each in run_checks(target) if each.state != State.OK] == []
        assert [each for each in run_checks(target, after.checks(target)) if each.state != State.OK] == []

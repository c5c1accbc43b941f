"""Each grant of the program, taken away alone: the command that takes it ends, and says who lacks what on what.

The usual run tries one for each kind of account; `MISSING_GRANTS=all` tries them all.
"""

from __future__ import annotations

import os
import re
import shlex

import pytest

from scripts.access import resources
from scripts.access.matrix import accounts
from scripts.access.methods import METHODS
from scripts.access.resources import of_stack
from scripts.credentials import ACT_AS
from scripts.errors import ExitCode
from scripts.stack import OUTPUTS_VARIABLE
from tests.people.command_lines import COMMAND_LINES, ON_GOOGLE_CLOUD
from tests.people.conftest import ALERTS, KEY, PERSONAS
from tests.people.happenings import happen
from tests.people.standing import Standing
from tests.people.things import Things
from tests.scripts.conftest import Finished, Run, run
from tests.support.patience import eventually

__all__ = ["run"]
_FEW = (
    "accounts-loader-follows-operations",
    "accounts-reader-reads-tables",
    "research-researcher-reads-data",
    "research-steward-deidentifies-fhir",
    "oversight-operator-operates",
    "healthcare-agent-writes-export",
    "encryption-storage",
    "healthcare-agent-publishes-fhir",
)
_ABOVE = {
    ("cloudresourcemanager.organizations.getIamPolicy", "resourcemanager.organizations.getIamPolicy"),
    ("iam.policies.listPolicies", "iam.denypolicies.list"),
    ("cloudkms.projects.locations.keyRings.getIamPolicy", "cloudkms.keyRings.getIamPolicy"),
}
"""What `access` asks of what is above the stack's resources: the organization, where roles on it alone allow it, and
key rings."""
TRIED = tuple(COMMAND_LINES) if os.environ.get("MISSING_GRANTS") == "all" else _FEW


@pytest.fixture(scope="module")
def things(standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> Things:
    return Things(standing, tmp_path_factory.mktemp("things"))


def shown(standing: Standing, short: str) -> str:
    """A resource of the stack as commands write it."""
    resource = resources.find(ALERTS, standing.outputs) if short == "alerts" else of_stack(standing.outputs)[short]
    schemes = {"bucket": "gs://", "BigQuery dataset": f"bq://{standing.outputs.project}."}
    return f"{schemes[resource.kind]}{resource.plain}" if resource.kind in schemes else resource.name


def lacks(standing: Standing, name: str, permission: str, on: str) -> str:
    """What a command says of a grant that is not there, as a pattern; `on` is the resource as the command writes it."""
    who = re.escape(standing.holder(standing.grant(name)))
    return rf"{who} lacks ([^;]* or )?{re.escape(permission)} on (topic )?{re.escape(on)}(?![\w/-])"


@pytest.mark.parametrize("name", TRIED)
def test_a_command_whose_grant_is_missing_says_who_lacks_what_on_what(
    name: str, ready: Standing, things: Things, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, grant = COMMAND_LINES[name], ready.grant(name)
    arguments = shlex.split(wanted.line.format_map(things))
    monkeypatch.setenv(OUTPUTS_VARIABLE, ready.outputs.to_json())
    monkeypatch.setenv(ACT_AS, accounts(ready.outputs)[wanted.who])
    pattern = lacks(ready, name, wanted.permission, shown(ready, wanted.on))

    def says() -> Finished | None:
        happen(ready, wanted.after)
        ended = run(*arguments)
        return ended if re.search(pattern, ended.out + ended.err) else None

    ready.remove(grant)
    try:
        ended = eventually(says) if wanted.after else says()
    finally:
        ready.make(grant)
    assert ended
    assert ended.code in (ExitCode.FAILED, ExitCode.PARTLY_DONE)
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ON_GOOGLE_CLOUD)
def test_what_dataflow_and_airflow_lack_is_told_by_a_command(
    name: str, elsewhere: Standing, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, grant = ON_GOOGLE_CLOUD[name], elsewhere.grant(name)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(elsewhere.emulator.credentials_file))
    monkeypatch.setenv(OUTPUTS_VARIABLE, elsewhere.outputs.to_json())
    monkeypatch.setenv(ACT_AS, accounts(elsewhere.outputs)[wanted.who])
    pattern = lacks(elsewhere, name, wanted.permission, str(of_stack(elsewhere.outputs)[wanted.on]))
    before = run(*shlex.split(wanted.line))
    assert before.code == ExitCode.DONE, before.out
    elsewhere.remove(grant)
    try:
        ended = run(*shlex.split(wanted.line))
    finally:
        elsewhere.make(grant)
    assert re.search(pattern, ended.out + ended.err)
    assert ended.code == ExitCode.FAILED


@pytest.mark.parametrize("who", PERSONAS if tuple(COMMAND_LINES) == TRIED else ("reader",))
def test_who_may_not_act_as_an_account_is_told_so(
    who: str, ready: Standing, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = accounts(ready.outputs)[who]
    monkeypatch.setenv(OUTPUTS_VARIABLE, ready.outputs.to_json())
    monkeypatch.setenv(ACT_AS, account)
    (acting,) = [each for each in ready.people() if account in str(each.inputs) and each.inputs["member"] == KEY]
    ready.remove(acting)
    try:
        ended = run("search", "studies")
    finally:
        ready.make(acting)
    assert ended.code == ExitCode.FAILED
    emulator = KEY.partition(":")[2]
    assert f" {emulator} lacks iam.serviceAccounts.getAccessToken on projects/" in ended.err
    assert f"/serviceAccounts/{account}: `python -m scripts access why {emulator} " in ended.err


def test_every_method_that_the_commands_called_is_in_the_matrix(ready: Standing) -> None:
    """Of the command lines above, as far as a permission was asked for on something of the stack's."""
    people = {f"serviceAccount:{each}" for each in accounts(ready.outputs).values()}
    called = ready.emulator.request("GET", "/_emulator/requests?limit=10000")[1]["requests"]
    asked = {(each["method"], each["permission"]) for each in called if each["principal"] in people}
    known = {(each.id, each.permission) for each in METHODS}
    assert asked & known
    assert {each for each in asked if each[1]} - known - _ABOVE == set()


def test_every_grant_has_a_command_line(standing: Standing) -> None:
    assert {grant.name for grant in standing.grants()} == {*COMMAND_LINES}

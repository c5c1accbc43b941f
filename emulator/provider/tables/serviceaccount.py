"""Service accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow, Naming
from emulator.provider.model import Call, Resource, parse, props
from emulator.provider.rest import Rest, RestError
from emulator.provider.settings import Settings
from emulator.provider.values import UNKNOWN

_NAME = "projects/{project}/serviceAccounts/{email}"

ACCOUNT = Resource(
    resource_type="gcp:serviceaccount/account:Account",
    service="iamBeta",
    id="{+name}",
    imports=("projects/{project}/serviceAccounts/{email}", "{project}/{email}", "{email}"),
    create=Call("POST", "projects/{project}/serviceAccounts"),
    read=Call("GET", "{+name}"),
    update=Call("PATCH", "{+name}"),
    delete=Call("DELETE", "{+name}"),
    autoname="accountId",
    address=props("accountId project"),
    unsent=props("accountId project disabled"),
    local=props("createIgnoreAlreadyExists"),
    immutable=props("accountId project"),
    computed=props("project"),
)


class _Account(Flow):
    """The account's address follows from its id and project, so it is known before it is created."""

    def made_name(self, name: Naming) -> str:
        made = super().made_name(name).lower()
        return made if len(made) <= 30 else made[:22] + made[-8:]

    def variables(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        filled = super().variables(values, settings)
        if filled.get("name") is None and filled.get("email"):
            filled["name"] = f"projects/{filled['project']}/serviceAccounts/{filled['email']}"
        return filled

    def derived(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        project = self.variables(values, settings)["project"]
        account = values.get("accountId")
        if account is None and values.get("email"):
            account = str(values["email"]).split("@")[0]
        if account in (None, UNKNOWN) or project in (None, UNKNOWN):
            return {"project": project}
        email = f"{account}@{project}.iam.gserviceaccount.com"
        name = f"projects/{project}/serviceAccounts/{email}"
        return {
            "project": project,
            "accountId": account,
            "email": email,
            "member": f"serviceAccount:{email}",
            "name": name,
        }

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        try:
            return super().create(rest, inputs)
        except RestError as error:
            values = self.plan(inputs, rest.settings)
            state = self.read(rest, values) if error.code == 409 and inputs.get("createIgnoreAlreadyExists") else None
            if state is None:
                raise
            return self.identity(state, rest.settings), state

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        account = super().body(values, updating=updating)
        return account if updating else {"accountId": values["accountId"], "serviceAccount": account}

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        if values.get("disabled"):
            rest.call("iamBeta", Call("POST", "{+name}:disable"), made, {})

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        account = rest.call("iamBeta", Call("GET", "{+name}"), old)
        body = {"etag": account.get("etag"), **self.body(values, updating=True)}
        fields = {"displayName": "display_name", "description": "description"}
        mask = ",".join(field for name, field in fields.items() if name in changed)
        rest.call("iamBeta", Call("PATCH", "{+name}"), old, {"serviceAccount": body, "updateMask": mask})

    def update(self, rest: Rest, old: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        if bool(old.get("disabled")) != bool(inputs.get("disabled")):
            verb = "disable" if inputs.get("disabled") else "enable"
            rest.call("iamBeta", Call("POST", f"{{+name}}:{verb}"), old, {})
        return super().update(rest, old, inputs)

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        found = parse(_NAME, str(live.get("name", ""))) or {}
        return super().state(live, {**found, **{k: v for k, v in given.items() if v is not None}}, settings)


FLOWS = (_Account(ACCOUNT),)

"""Terraform's calls of a provider: each goes to the resource's flow, and what goes wrong is a diagnostic's sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from emulator.provider import schema, settings
from emulator.provider.compare import Change
from emulator.provider.flow import Flow, FlowError, Naming, PartialError
from emulator.provider.functions import FUNCTIONS
from emulator.provider.model import UnknownVariableError
from emulator.provider.rest import CancelledError, Rest, RestError, UnreachableError
from emulator.provider.terraform import shapes
from emulator.provider.terraform.packing import pack, unpack
from emulator.provider.terraform.resources import RESOURCES
from emulator.provider.terraform.shapes import spelled
from emulator.provider.terraform.wire import ERROR, MESSAGES, WARNING
from emulator.provider.terraform.wording import reworded
from emulator.provider.values import UNKNOWN

_EXPECTED = (RestError, FlowError, UnreachableError, CancelledError, UnknownVariableError, settings.ConfigError)
_PROJECT: Final = "google_project"
_PROJECT_TYPES: Final[dict[str, schema.Type]] = {
    **dict.fromkeys(("projectId", "name", "number", "orgId", "folderId", "billingAccount"), "string"),
    "autoCreateNetwork": "boolean",
    **{name: {"map": "string"} for name in ("labels", "effectiveLabels", "pulumiLabels")},
}
_UNNAMED: Final = Naming("")
State = dict[str, Any]


class Service:
    """One provider process; Terraform calls from many threads, after one ConfigureProvider."""

    def __init__(self) -> None:
        self._rest: Rest | None = None

    # The provider

    def GetProviderSchema(self, request: Any) -> Any:  # noqa: N802
        """The arguments of the provider, of all resources and of the one data source."""
        del request
        answer = MESSAGES["Schemas"](provider=shapes.schema(schema.config_keys(), schema.config_keys(), ()))
        for name, flow in RESOURCES.items():
            kind = flow.kind
            required = {
                *kind.required,
                *filter(None, [flow.spec.autoname if flow.spec.autoname in kind.inputs else ""]),
            }
            answer.resource_schemas.add(key=name, value=shapes.schema(kind.outputs, kind.inputs, required, ["id"]))
        answer.data_source_schemas.add(key=_PROJECT, value=shapes.schema(_PROJECT_TYPES, ["projectId"], (), ["id"]))
        return answer

    def ValidateProviderConfig(self, request: Any) -> Any:  # noqa: N802
        """Nothing: whether addresses are right is known when the provider is configured."""
        del request
        return MESSAGES["Problems"]()

    def ConfigureProvider(self, request: Any) -> Any:  # noqa: N802
        """Take the configuration, refuse one that leads beyond this machine, and say that this is the stand-in."""
        config = shapes.to_inputs(_opened(request.config) or {}, schema.config_keys())
        problems = [_wrong(reworded(problem.reason)) for problem in settings.check(config)]
        if not problems:
            try:
                self._rest = Rest(settings.load(config, settings.TERRAFORM_ATTRIBUTION))
            except settings.ConfigError as error:
                problems = [_wrong(reworded(str(error)))]
        return MESSAGES["Problems"](diagnostics=problems or [_stand_in()])

    def StopProvider(self, request: Any) -> Any:  # noqa: N802
        """Stop waiting; what was sent is finished."""
        del request
        if self._rest is not None:
            self._rest.cancelled.set()
        return MESSAGES["Stopped"]()

    # Resources

    def ValidateResourceConfig(self, request: Any) -> Any:  # noqa: N802
        """What is wrong with a resource's arguments, by pulumi_gcp's types."""
        flow = RESOURCES[request.type_name]
        _, problems = schema.check(flow.kind, shapes.to_inputs(_opened(request.config), flow.kind.inputs))
        return MESSAGES["Problems"](diagnostics=[_about(request.type_name, problem) for problem in problems])

    def ValidateDataResourceConfig(self, request: Any) -> Any:  # noqa: N802
        """Nothing: types are Terraform's to check, and there is no more to it."""
        del request
        return MESSAGES["Problems"]()

    def UpgradeResourceState(self, request: Any) -> Any:  # noqa: N802
        """The state as it is kept: there is one version of it."""
        return MESSAGES["State"](value={"json": request.raw_state.json})

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """The state as it is now; nothing where the resource is gone."""

        def read() -> Any:
            flow, kept = RESOURCES[request.type_name], _opened(request.current_state)
            found = flow.read(self._client(), shapes.to_inputs(kept, flow.kind.outputs))
            return MESSAGES["State"](value=_packed(flow, found, kept["id"]))

        return _answer("State", f"{request.type_name} was not read", read)

    def PlanResourceChange(self, request: Any) -> Any:  # noqa: N802
        """What a change will make of a resource, and what it replaces it for."""

        def plan() -> Any:
            if _opened(request.proposed_new_state) is None:
                return MESSAGES["Planned"](planned_state=request.proposed_new_state, legacy_type_system=True)
            return self._planned(request)

        return _answer("Planned", f"{request.type_name} can't be planned", plan)

    def _planned(self, request: Any) -> Any:
        flow, configured = RESOURCES[request.type_name], self._client().settings
        inputs, problems = self._inputs(flow, request.config)
        planned = MESSAGES["Planned"](legacy_type_system=True)
        planned.diagnostics.extend(_about(request.type_name, problem) for problem in problems)
        prior = _opened(request.prior_state)
        if problems or prior is None:
            planned.planned_state.msgpack = pack(_kept(flow, flow.plan(inputs, configured), UNKNOWN))
            return planned
        state = shapes.to_inputs(prior, flow.kind.outputs)
        changes = flow.compare(state, inputs, configured)
        if not changes:
            planned.planned_state.msgpack = request.prior_state.msgpack
            return planned
        planned.requires_replace.extend(_path(change) for change in changes if change.replaces)
        planned.planned_state.msgpack = pack(_kept(flow, flow.plan(inputs, configured, state), prior["id"]))
        return planned

    def ApplyResourceChange(self, request: Any) -> Any:  # noqa: N802
        """Create, update or delete a resource; the state that it has then."""
        prior, planned = _opened(request.prior_state), _opened(request.planned_state)
        did = "created" if prior is None else "deleted" if planned is None else "updated"

        def apply() -> Any:
            flow, rest = RESOURCES[request.type_name], self._client()
            state = shapes.to_inputs(prior or {}, flow.kind.outputs)
            if planned is None:
                flow.delete(rest, state)
                return MESSAGES["Applied"](new_state=request.planned_state, legacy_type_system=True)
            inputs, _ = self._inputs(flow, request.config)
            if prior is not None:
                return _applied(flow, flow.update(rest, state, inputs), prior["id"])
            try:
                made, found = flow.create(rest, inputs)
            except PartialError as error:
                known = {name: value for name, value in error.state.items() if value is not UNKNOWN}
                answer = _applied(flow, known, error.resource_id)
                answer.diagnostics.append(
                    _wrong(f"{request.type_name} was created, but: {_said(error.__cause__ or error)}")
                )
                return answer
            return _applied(flow, found, made)

        answer = _answer("Applied", f"{request.type_name} was not {did}", apply)
        if answer.diagnostics and not answer.HasField("new_state"):
            answer.new_state.CopyFrom(request.prior_state)
        return answer

    def ImportResourceState(self, request: Any) -> Any:  # noqa: N802
        """The state of a resource that is there, by one of the ids that Google's pages give."""

        def found() -> Any:
            flow, rest = RESOURCES[request.type_name], self._client()
            named = flow.import_id(request.id, rest.settings)
            state = flow.read(rest, named) if named is not None else None
            if state is None:
                why = "there is no such resource" if named is not None else f"the id {request.id} has another form"
                raise FlowError(why)
            value = _packed(flow, state, flow.identity(state, rest.settings))
            return MESSAGES["Imports"](imported_resources=[{"type_name": request.type_name, "state": value}])

        return _answer("Imports", f"{request.type_name} was not imported", found)

    def ReadDataSource(self, request: Any) -> Any:  # noqa: N802
        """What a project is."""

        def read() -> Any:
            asked = shapes.to_inputs(_opened(request.config), _PROJECT_TYPES)
            project = FUNCTIONS["gcp:organizations/getProject:getProject"](self._client(), asked)
            known = {**shapes.from_state(project, _PROJECT_TYPES), "id": project["id"]}
            return MESSAGES["State"](value={"msgpack": pack(known)})

        return _answer("State", f"{request.type_name} was not read", read)

    def _client(self) -> Rest:
        if self._rest is None:
            raise FlowError("the provider is not configured")
        return self._rest

    def _inputs(self, flow: Flow, config: Any) -> tuple[State, list[schema.Problem]]:
        """The arguments of a resource, with defaults, and what is wrong with them."""
        inputs, problems = schema.check(flow.kind, shapes.to_inputs(_opened(config), flow.kind.inputs))
        return inputs, problems + flow.check(inputs, {}, self._client().settings, _UNNAMED)


def _opened(value: Any) -> Any:
    """A DynamicValue as a plain one; None for nothing."""
    return unpack(value.msgpack) if value.msgpack else None


def _kept(flow: Flow, state: Mapping[str, Any], resource_id: Any) -> State:
    return {**shapes.from_state(state, flow.kind.outputs), "id": resource_id}


def _packed(flow: Flow, state: Mapping[str, Any] | None, resource_id: str) -> Any:
    kept = None if state is None else _kept(flow, state, resource_id)
    return MESSAGES["DynamicValue"](msgpack=pack(kept))


def _applied(flow: Flow, state: Mapping[str, Any], resource_id: str) -> Any:
    return MESSAGES["Applied"](new_state=_packed(flow, state, resource_id), legacy_type_system=True)


def _answer(message: str, failed: str, act: Callable[[], Any]) -> Any:
    """What a step answers, or the sentence of what went wrong with it."""
    try:
        return act()
    except _EXPECTED as error:
        return MESSAGES[message](diagnostics=[_wrong(f"{failed}: {_said(error)}")])


def _said(error: BaseException) -> str:
    """What went wrong: in Google's words where a service has said it, else in Terraform's."""
    if isinstance(error, UnknownVariableError):
        return f"its {spelled(error.args[0])} is not set"
    return str(error) if isinstance(error, RestError) else reworded(str(error))


def _about(name: str, problem: schema.Problem) -> Any:
    return _wrong(f"{name}, argument {spelled(problem.path)}: {reworded(problem.reason)}")


def _wrong(sentence: str) -> Any:
    return MESSAGES["Diagnostic"](severity=ERROR, summary=sentence)


def _stand_in() -> Any:
    """The warning that Terraform shows once of all that are alike."""
    return MESSAGES["Diagnostic"](
        severity=WARNING,
        summary="This is no provider of Google's, but its stand-in",
        detail="It serves what the example of the environment declares, and works against the emulator only.",
    )


def _path(change: Change) -> Any:
    return MESSAGES["AttributePath"](steps=[{"attribute_name": spelled(change.property)}])

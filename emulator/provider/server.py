"""The plugin protocol (pulumi's provider.proto): the engine's calls go to the resource's flow, errors are sentences."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty
from google.rpc.status_pb2 import Status
from pulumi.runtime import proto

from emulator.provider import schema, settings
from emulator.provider.flow import Flow, FlowError, Naming, PartialError
from emulator.provider.functions import FUNCTIONS
from emulator.provider.model import UnknownVariableError
from emulator.provider.package import package_schema
from emulator.provider.rest import CancelledError, Rest, RestError, UnreachableError
from emulator.provider.tables import FLOWS
from emulator.provider.values import UNKNOWN, Values, decode, encode, has_unknown

_EXPECTED = (RestError, FlowError, UnreachableError, CancelledError, settings.ConfigError)
_KINDS = proto.PropertyDiff.Kind
_SORTS = {
    "add": (_KINDS.ADD, _KINDS.ADD_REPLACE),
    "delete": (_KINDS.DELETE, _KINDS.DELETE_REPLACE),
    "update": (_KINDS.UPDATE, _KINDS.UPDATE_REPLACE),
}


class Servicer(proto.ResourceProviderServicer):
    """One provider process. The engine calls from many threads, after one CheckConfig and one Configure."""

    def __init__(self, engine: str = "") -> None:
        self._engine = engine
        self._rest: Rest | None = None

    # The provider

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Tell the engine what the provider understands."""
        del request, context
        return proto.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The version that is stood in for."""
        del request, context
        return proto.PluginInfo(version=schema.version())

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Attach to an engine (a debugger's way); nothing to do."""
        del request, context
        return Empty()

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refuse a configuration that is wrong, or that leads beyond this machine."""
        del context
        news = decode(request.news)
        failures = [_failure(problem) for problem in settings.check(news)]
        return proto.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """A change of the provider's configuration replaces nothing by itself."""
        del context
        old, new = decode(request.old_inputs), decode(request.news)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        some = proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=some, diffs=changed)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take the configuration, and say once that this is the stand-in."""
        config = decode(request.args)
        try:
            problems = settings.check(config)
            if problems:
                raise settings.ConfigError(problems[0].reason)
            self._rest = Rest(settings.load(config))
        except settings.ConfigError as error:
            _fail(context, f"the stand-in gcp plugin can't be configured: {error}")
        hosts = sorted({url.split("/")[2] for url in self._rest.settings.endpoints.values()})
        self._say(f"gcp {schema.version()} is this project's stand-in, for the emulator at {', '.join(hosts)} only")
        return proto.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Stop waiting; what was sent is finished."""
        del request, context
        if self._rest:
            self._rest.cancelled.set()
        return Empty()

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """What is served, in Pulumi's schema language: `pulumi import` writes code from it."""
        del request, context
        return proto.GetSchemaResponse(schema=package_schema(FLOWS))

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Run a function."""
        function = FUNCTIONS.get(request.tok)
        if function is None:
            _fail(context, f"the stand-in gcp plugin does not have the function {request.tok}")
        args = decode(request.args)
        if has_unknown(args):
            return proto.InvokeResponse(**{"return": encode({})})
        try:
            result = function(self._client(context), args)
        except _EXPECTED as error:
            _fail(context, f"{request.tok}: {error}")
        return proto.InvokeResponse(**{"return": encode(result, result.secrets)})

    # Resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Check a program's inputs against pulumi_gcp's types, and fill in defaults and a name."""
        flow, name = self._flow(request, context)
        given, olds = decode(request.news), decode(request.olds)
        inputs, problems = schema.check(flow.kind, given)
        problems += flow.check(inputs, olds, self._client(context).settings, Naming(name, bytes(request.randomSeed)))
        failures = [_failure(problem, flow.spec.resource_type) for problem in problems]
        return proto.CheckResponse(inputs=encode(inputs, given.secrets), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """What differs between state and inputs, and whether that replaces the resource."""
        flow, _ = self._flow(request, context)
        state, inputs = decode(request.olds), decode(request.news)
        configured = self._client(context).settings
        ignored = set(request.ignoreChanges)
        changes = [
            change
            for change in flow.compare(state, inputs, configured)
            if change.path not in ignored and change.property not in ignored
        ]
        replaces = sorted({change.property for change in changes if change.replaces})
        some = proto.DiffResponse.DIFF_SOME if changes else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(
            changes=some,
            diffs=sorted({change.property for change in changes}),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and flow.replaces_in_place(state, inputs, configured),
            detailedDiff={
                change.path: proto.PropertyDiff(kind=_SORTS[change.sort][change.replaces]) for change in changes
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Create a resource, or say in a preview what it will be."""
        flow, name = self._flow(request, context)
        inputs, rest = decode(request.properties), self._client(context)
        if request.preview:
            return proto.CreateResponse(id="", properties=encode(flow.plan(inputs, rest.settings), inputs.secrets))
        try:
            resource_id, state = flow.create(rest, inputs)
        except PartialError as error:
            _fail_partly(context, f"{_called(flow, name)} was created, but: {error}", error, inputs)
        except UnknownVariableError as error:
            _fail(context, f"{_called(flow, name)}: {_missing(error)}")
        except _EXPECTED as error:
            _fail(context, f"{_called(flow, name)} was not created: {error}")
        return proto.CreateResponse(id=resource_id, properties=encode(state, inputs.secrets))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Read a resource back: for a refresh with its state, for an import with its id only."""
        flow, name = self._flow(request, context)
        state, old = decode(request.properties), decode(request.inputs)
        rest = self._client(context)
        known: Mapping[str, Any] = state
        if not state:
            named = flow.import_id(request.id, rest.settings)
            if named is None:
                shapes = ", ".join((*flow.spec.imports, flow.spec.id)).replace("+", "") or "RESOURCE ROLE MEMBER"
                _fail(context, f"{_called(flow, name)}: the id {request.id} is not of the form {shapes}")
            known = named
        try:
            found = flow.read(rest, known)
        except UnknownVariableError as error:
            _fail(context, f"{_called(flow, name)}: {_missing(error)}")
        except _EXPECTED as error:
            _fail(context, f"{_called(flow, name)} was not read: {error}")
        if found is None:
            return proto.ReadResponse(id="")
        secrets = state.secrets | old.secrets
        inputs = flow.inputs(found, old)
        resource_id = request.id if state else flow.identity(found, rest.settings)
        return proto.ReadResponse(id=resource_id, properties=encode(found, secrets), inputs=encode(inputs, secrets))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Change a resource in place, or say in a preview what it will be."""
        flow, name = self._flow(request, context)
        old, inputs, rest = decode(request.olds), decode(request.news), self._client(context)
        if request.preview:
            planned = flow.plan(inputs, rest.settings, old)
            return proto.UpdateResponse(properties=encode(planned, inputs.secrets))
        try:
            state = flow.update(rest, old, inputs)
        except UnknownVariableError as error:
            _fail(context, f"{_called(flow, name)}: {_missing(error)}")
        except _EXPECTED as error:
            _fail(context, f"{_called(flow, name)} was not updated: {error}")
        return proto.UpdateResponse(properties=encode(state, inputs.secrets))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Delete a resource."""
        flow, name = self._flow(request, context)
        try:
            flow.delete(self._client(context), decode(request.properties))
        except UnknownVariableError as error:
            _fail(context, f"{_called(flow, name)}: {_missing(error)}")
        except _EXPECTED as error:
            _fail(context, f"{_called(flow, name)} was not deleted: {error}")
        return Empty()

    def _say(self, message: str) -> None:
        """Tell the person, through the engine (which hides what a plugin prints)."""
        if not self._engine:
            return
        with contextlib.suppress(grpc.RpcError), grpc.insecure_channel(self._engine) as channel:
            log = proto.LogRequest(severity=proto.LogSeverity.INFO, message=message)
            proto.EngineStub(channel).Log(log, timeout=5)

    def _client(self, context: grpc.ServicerContext) -> Rest:
        if self._rest is None:
            _fail(context, "the gcp provider is not configured yet")
        return self._rest

    def _flow(self, request: Any, context: grpc.ServicerContext) -> tuple[Flow, str]:
        parts = request.urn.split("::")
        token, name = parts[2].rsplit("$", 1)[-1], "::".join(parts[3:])
        flow = FLOWS.get(token)
        if flow is None:
            _fail(
                context,
                f"the stand-in gcp plugin does not have {token} ({name}); it serves what this project's program uses",
            )
        return flow, name


def _called(flow: Flow, name: str) -> str:
    return f"{flow.spec.resource_type} {name}"


def _missing(error: UnknownVariableError) -> str:
    hint = "; set gcp:project in the stack's configuration" if error.args[0] == "project" else ""
    return f"its {error.args[0]} is not set{hint}"


def _failure(problem: schema.Problem, token: str = "") -> Any:
    reason = f"{token}, property {problem.path}: {problem.reason}" if token else problem.reason
    return proto.CheckFailure(property=problem.path, reason=reason)


def _fail(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError  # abort never returns


def _fail_partly(context: grpc.ServicerContext, message: str, error: PartialError, inputs: Values) -> NoReturn:
    """Fail, handing over what is there, so that the engine keeps it in its state."""
    state = {name: value for name, value in error.state.items() if value is not UNKNOWN}
    detail = proto.ErrorResourceInitFailed(
        id=error.resource_id,
        properties=encode(state, inputs.secrets),
        inputs=encode(inputs, inputs.secrets),
        reasons=[message],
    )
    status = Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    _fail(context, message)


def serve(engine: str, workers: int, options: Iterable[tuple[str, int]]) -> tuple[grpc.Server, int]:
    """Start the plugin's server on a free loopback port; gives the server and the port. `engine`: where it logs to."""
    server = grpc.server(ThreadPoolExecutor(workers), options=list(options))
    proto.add_ResourceProviderServicer_to_server(Servicer(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port

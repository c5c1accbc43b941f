"""The part of the Pulumi engine that talks to a provider, over its real protocol: declare, preview, refresh, import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from pulumi.runtime import proto

from emulator.provider.server import serve
from emulator.provider.values import Values, decode, encode

_SORTS = {number: name.lower() for name, number in proto.PropertyDiff.Kind.items()}


class RefusedError(Exception):
    """The provider refused inputs; the argument is `{property path: reason}`."""


@dataclass
class Kept:
    """A resource as the engine's state keeps it."""

    token: str
    id: str
    inputs: Values
    outputs: Values


@dataclass(frozen=True)
class Difference:
    """What the provider says of a difference: its details by path, and what replaces."""

    details: dict[str, str]
    replaces: list[str]
    delete_first: bool


@dataclass
class Engine:
    """One provider process and one stack's state."""

    config: dict[str, Any]
    state: dict[str, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._server, port = serve("", 8, [])
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.provider = proto.ResourceProviderStub(self._channel)

    def configure(self) -> Engine:
        """Check the configuration and configure the provider. RefusedError for a wrong configuration."""
        checked = self.provider.CheckConfig(proto.CheckRequest(urn="urn", news=encode(self.config)))
        _refuse(checked)
        self.provider.Configure(proto.ConfigureRequest(args=checked.inputs, acceptSecrets=True))
        return self

    def close(self) -> None:
        """End the provider."""
        self._channel.close()
        self._server.stop(0)

    def check(self, name: str, token: str, inputs: Mapping[str, Any]) -> Values:
        """The inputs as the provider completes them. RefusedError when they are wrong."""
        old = self.state[name].inputs if name in self.state else {}
        secrets = inputs.secrets if isinstance(inputs, Values) else ()
        request = proto.CheckRequest(
            urn=_urn(name, token), olds=encode(old), news=encode(inputs, secrets), randomSeed=b"seed"
        )
        answer = self.provider.Check(request)
        _refuse(answer)
        return decode(answer.inputs)

    def preview(self, name: str, token: str, inputs: Mapping[str, Any]) -> Values:
        """What a create, or an update of what is in the state, would give."""
        checked, urn = self.check(name, token, inputs), _urn(name, token)
        kept = self.state.get(name)
        if kept is None:
            properties = encode(checked, checked.secrets)
            return decode(
                self.provider.Create(proto.CreateRequest(urn=urn, properties=properties, preview=True)).properties
            )
        request = proto.UpdateRequest(
            urn=urn, id=kept.id, olds=_struct(kept.outputs), news=_struct(checked), preview=True
        )
        return decode(self.provider.Update(request).properties)

    def diff(self, name: str, inputs: Mapping[str, Any]) -> Difference:
        """What differs between the state and inputs."""
        kept = self.state[name]
        return self._diff(name, kept, self.check(name, kept.token, inputs))

    def up(self, name: str, token: str, inputs: Mapping[str, Any]) -> str:
        """Declare a resource: `create`, `same`, `update` or `replace` is what happened."""
        checked = self.check(name, token, inputs)
        kept = self.state.get(name)
        if kept is None:
            self._create(name, token, checked)
            return "create"
        difference = self._diff(name, kept, checked)
        if difference.replaces:
            if difference.delete_first:
                self.delete(name)
            old = self.state.pop(name, None)
            self._create(name, token, checked)
            if old:
                self._delete(name, old)
            return "replace"
        if not difference.details:
            return "same"
        request = proto.UpdateRequest(
            urn=_urn(name, token), id=kept.id, olds=_struct(kept.outputs), news=_struct(checked)
        )
        answer = self.provider.Update(request)
        self.state[name] = Kept(token, kept.id, checked, decode(answer.properties))
        return "update"

    def refresh(self, name: str) -> Difference | None:
        """Read a resource back into the state; gives what had changed, None when it is gone."""
        kept = self.state[name]
        request = proto.ReadRequest(
            id=kept.id, urn=_urn(name, kept.token), properties=_struct(kept.outputs), inputs=_struct(kept.inputs)
        )
        answer = self.provider.Read(request)
        if not answer.id:
            del self.state[name]
            return None
        read = Kept(kept.token, answer.id, decode(answer.inputs), decode(answer.properties))
        self.state[name] = read
        return self._diff(name, read, kept.inputs)

    def import_(self, name: str, token: str, resource_id: str) -> Kept | None:
        """Take an existing resource into the state; None when there is none."""
        answer = self.provider.Read(proto.ReadRequest(id=resource_id, urn=_urn(name, token)))
        if not answer.id:
            return None
        self.state[name] = Kept(token, answer.id, decode(answer.inputs), decode(answer.properties))
        return self.state[name]

    def delete(self, name: str) -> None:
        """Delete a resource and forget it."""
        self._delete(name, self.state[name])
        del self.state[name]

    def invoke(self, token: str, **arguments: Any) -> Values:
        """Call a function."""
        answer = self.provider.Invoke(proto.InvokeRequest(tok=token, args=encode(arguments)))
        return decode(getattr(answer, "return"))

    def _create(self, name: str, token: str, checked: Values) -> None:
        answer = self.provider.Create(proto.CreateRequest(urn=_urn(name, token), properties=_struct(checked)))
        self.state[name] = Kept(token, answer.id, checked, decode(answer.properties))

    def _delete(self, name: str, kept: Kept) -> None:
        request = proto.DeleteRequest(id=kept.id, urn=_urn(name, kept.token), properties=_struct(kept.outputs))
        self.provider.Delete(request)

    def _diff(self, name: str, kept: Kept, checked: Values) -> Difference:
        request = proto.DiffRequest(
            id=kept.id,
            urn=_urn(name, kept.token),
            olds=_struct(kept.outputs),
            news=_struct(checked),
            old_inputs=_struct(kept.inputs),
        )
        answer = self.provider.Diff(request)
        details = {path: _SORTS[change.kind] for path, change in answer.detailedDiff.items()}
        assert bool(details) == (answer.changes == proto.DiffResponse.DIFF_SOME)
        return Difference(details, list(answer.replaces), answer.deleteBeforeReplace)


def _urn(name: str, token: str) -> str:
    return f"urn:pulumi:local::project::{token}::{name}"


def _struct(values: Values) -> Any:
    return encode(values, values.secrets)


def _refuse(answer: Any) -> None:
    if answer.failures:
        raise RefusedError({failure.property: failure.reason for failure in answer.failures})

"""The life of a resource, driven by its table entry: check, plan, create, read, update, delete."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.provider.compare import Change, compare
from emulator.provider.convert import from_api, reconcile, to_api
from emulator.provider.model import Resource, expand
from emulator.provider.rest import Rest, RestError
from emulator.provider.schema import Kind, Problem, kind
from emulator.provider.settings import ATTRIBUTION, TERRAFORM_ATTRIBUTION, Settings
from emulator.provider.values import UNKNOWN, is_empty

ATTRIBUTIONS = frozenset((ATTRIBUTION, TERRAFORM_ATTRIBUTION))
"""The labels that are nobody's but the provider's."""
_LABELS = ("labels", "effectiveLabels", "pulumiLabels")
# Properties of the plugin itself, on every resource that has them.
_LOCAL = frozenset({"deletionPolicy"})


class FlowError(Exception):
    """A step that the provider itself refuses, or that went wrong without an answer of Google's; one sentence."""


@dataclass(frozen=True)
class Naming:
    """What a name is made from: the resource's logical name, and the engine's seed, which makes it repeatable."""

    logical: str
    seed: bytes = b""


class PartialError(Exception):
    """The resource was created, but a later step failed: its id and state must not be lost."""

    def __init__(self, resource_id: str, state: dict[str, Any], reason: Exception) -> None:
        super().__init__(str(reason))
        self.resource_id = resource_id
        self.state = state


class Flow:
    """One resource token. State and inputs are plain property values by the plugin's names."""

    def __init__(self, spec: Resource) -> None:
        self.spec = spec

    @property
    def kind(self) -> Kind:
        """The resource's properties as pulumi_gcp declares them."""
        return kind(self.spec.resource_type)

    # What the program wants

    def check(self, inputs: dict[str, Any], old: Mapping[str, Any], settings: Settings, name: Naming) -> list[Problem]:
        """Fill in defaults and a name (kept from `old`, else made from the logical name); further problems, if any."""
        for key, value in self.spec.defaults.items():
            inputs.setdefault(key, value)
        if self.spec.autoname and self.spec.autoname not in inputs:
            kept = old.get(self.spec.autoname)
            inputs[self.spec.autoname] = kept if isinstance(kept, str) else self.made_name(name)
        placed = "{project}" in self.spec.create.path + self.spec.id
        if placed and not settings.project and inputs.get("project") is None:
            return [Problem("project", "no project is given; set it, or gcp:project in the stack's configuration")]
        return []

    def made_name(self, name: Naming) -> str:
        """The logical name and seven hexadecimal digits, as the official plugin names things."""
        digits = random.Random(name.seed or None)  # noqa: S311 (a name, not a secret)
        return f"{name.logical}-{digits.getrandbits(28):07x}"

    def variables(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """What templates of calls and id may use: the properties, with the provider's project where none is given."""
        filled = dict(values)
        if filled.get("project") is None:
            filled["project"] = settings.project or None
        return filled

    def identity(self, values: Mapping[str, Any], settings: Settings) -> str:
        """The resource's id. Raises UnknownVariableError while a part of it is not known."""
        return expand(self.spec.id, self.variables(values, settings), escape=False)

    def derived(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """Outputs that are known before the service answers."""
        return {"project": self.variables(values, settings)["project"]} if "project" in self.kind.outputs else {}

    # What differs

    def compare(self, state: Mapping[str, Any], inputs: Mapping[str, Any], settings: Settings) -> list[Change]:
        """The changes from the state to the inputs."""
        wanted = dict(inputs)
        if wanted.get("project") is None:
            wanted["project"] = settings.project or state.get("project")
        changes = compare(self.spec, state, wanted, iter(self.kind.inputs))
        if self.kind.labelled and not any(change.property == "labels" for change in changes):
            labels = self.labels(inputs, settings, state)["pulumiLabels"]
            changes += compare(self.spec, state, {"pulumiLabels": labels}, iter(("pulumiLabels",)))
        return changes

    def replaces_in_place(self, state: Mapping[str, Any], inputs: Mapping[str, Any], settings: Settings) -> bool:
        """Whether a replacement would collide with what it replaces, so that the old one must go first."""
        old, new = self.variables(state, settings), self.variables(self.plan(inputs, settings), settings)
        for name in old:
            if f"{{{name}}}" not in self.spec.id and f"{{+{name}}}" not in self.spec.id:
                continue
            if new.get(name) is UNKNOWN and name not in self.kind.inputs:
                return False  # the service chooses another one
            if new.get(name) is not UNKNOWN and new.get(name) != old[name]:
                return False
        return True

    def labels(self, inputs: Mapping[str, Any], settings: Settings, old: Mapping[str, Any] | None) -> dict[str, Any]:
        """`pulumiLabels`: the program's, the provider's defaults, its mark; `effectiveLabels`: those and others'."""
        own = inputs.get("labels") or {}
        if own is UNKNOWN:
            return {"pulumiLabels": UNKNOWN, "effectiveLabels": UNKNOWN}
        before = (old or {}).get("pulumiLabels") or {}
        marks = ({settings.attribution} - {""}) if old is None else ATTRIBUTIONS & before.keys()
        ours = {**settings.default_labels, **own, **dict.fromkeys(marks, "true")}
        present = (old or {}).get("effectiveLabels") or {}
        others = {key: value for key, value in present.items() if key not in before}
        return {"pulumiLabels": ours, "effectiveLabels": {**others, **ours}}

    # What will be

    def plan(
        self, inputs: Mapping[str, Any], settings: Settings, old: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The state that a create (no `old`) or an update will give, with UNKNOWN for what only the service knows."""
        known = dict(inputs) | {k: v for k, v in self.derived(inputs, settings).items() if inputs.get(k) is None}
        if self.kind.labelled:
            known |= self.labels(inputs, settings, old)
        for name in self.kind.outputs:
            if known.get(name) is not None:
                continue
            if old is not None and name in self.kind.inputs and name not in self.spec.computed:
                known.pop(name, None)
            elif old is not None:
                known[name] = UNKNOWN if name in self.spec.volatile else old.get(name)
            elif name not in self.kind.inputs or name in self.spec.computed:
                known[name] = UNKNOWN
        return {name: value for name, value in known.items() if value is not None}

    # The service's side

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create the resource; gives its id and its state as read back. PartialError when a step after that fails."""
        values = self.plan(inputs, rest.settings)
        values = {name: value for name, value in values.items() if value is not UNKNOWN}
        made = rest.call(self.spec.service, self.spec.create, self.variables(values, rest.settings), self.body(values))
        values |= self.named(made)
        resource_id = self.identity(values, rest.settings)
        try:
            self.created(rest, values, made)
            state = self.read(rest, values)
        except Exception as error:
            raise PartialError(resource_id, values, error) from error
        if state is None:
            raise PartialError(resource_id, values, FlowError("it was created, but can't be found afterwards"))
        return resource_id, state

    def named(self, made: Mapping[str, Any]) -> dict[str, Any]:
        """Address properties that the service chose, from its answer to the create call."""
        return {} if "name" in self.kind.inputs or "name" not in self.kind.outputs else {"name": made["name"]}

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        """Further calls that belong to a creation."""

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        """The state as the service has it now, in the program's spelling; None when the resource is gone."""
        if self.spec.read is None:
            return dict(state)
        try:
            live = rest.call(self.spec.service, self.spec.read, self.variables(state, rest.settings))
        except RestError as error:
            if error.code == 404:
                return None
            raise
        return self.state(live, state, rest.settings)

    def update(self, rest: Rest, old: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Bring the resource from its old state to the inputs, with the changed fields only; gives the new state."""
        values = {k: v for k, v in self.plan(inputs, rest.settings, old).items() if v is not UNKNOWN}
        changed = {change.property for change in self.compare(old, inputs, rest.settings)}
        changed = {"labels" if name == "pulumiLabels" else name for name in changed}
        sent = changed - self.spec.local - self.spec.unsent - _LOCAL
        if not sent or self.spec.update is None:
            return values
        self.send_update(rest, old, values, sent)
        state = self.read(rest, values)
        if state is None:
            raise FlowError("it is gone; run `pulumi refresh`, then `pulumi up` to make it anew")
        return state

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        """Make the update call for the changed top-level properties."""
        if self.spec.update is None:
            raise FlowError("it can't be updated in place")
        body = self.body(values, updating=True)
        call_values = self.variables(old, rest.settings)
        call = self.spec.update
        if self.spec.mask:
            fields = [self.spec.rename.get(name, name) for name in self.kind.inputs if name in changed]
            call = type(call)(call.method, call.path, {**call.query, "updateMask": "{updateMask}"})
            call_values["updateMask"] = ",".join(fields)
        rest.call(self.spec.service, call, call_values, {self.spec.wrap: body} if self.spec.wrap else body)

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        """Delete the resource; one that is gone already is fine."""
        if self.kept(state) or self.spec.delete is None:
            return
        try:
            rest.call(self.spec.service, self.spec.delete, self.variables(state, rest.settings))
        except RestError as error:
            if error.code != 404:
                raise

    def kept(self, state: Mapping[str, Any]) -> bool:
        """Whether the program says to leave the resource where it is. FlowError where it forbids its deletion."""
        policy = state.get("deletionPolicy")
        if policy == "PREVENT":
            raise FlowError(
                "its deletionPolicy is PREVENT, so it is not deleted; set it to DELETE, run `pulumi up`, then try again"
            )
        return bool(policy == "ABANDON")

    # Between properties and the API's JSON

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        """The resource as the API takes it; an update leaves out what can't change, unless the API wants the whole."""
        spec, sent = self.spec, {}
        for name, declared in self.kind.inputs.items():
            skipped = name in spec.local | spec.unsent | _LOCAL
            if skipped or (updating and not spec.whole and name in spec.immutable):
                continue
            value = values.get("effectiveLabels") if name == "labels" and self.kind.labelled else values.get(name)
            if value is not None and not (value in ("", {}) and name not in spec.nulls):
                sent[spec.rename.get(name, name)] = to_api(value, declared, spec, name)
        if not updating:
            sent |= {name: None for name in spec.nulls if name not in sent}
        return sent

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """An answer as state: what the program gave keeps its spelling where it means the same."""
        spec, state = self.spec, {}
        for name, declared in self.kind.outputs.items():
            if name in spec.local | _LOCAL | spec.address or (self.kind.labelled and name in _LABELS):
                value = given.get(name)
            else:
                value = from_api(live.get(spec.rename.get(name, name)), declared, spec, name)
                value = reconcile(given.get(name), value, spec, name) if name in self.kind.inputs else value
            if value is not None:
                state[name] = value
        if self.kind.labelled:
            state |= self._live_labels(live.get("labels") or {}, given)
        derived = self.derived({**given, **state}, settings)
        return {**{k: v for k, v in derived.items() if v is not None and state.get(k) is None}, **state}

    def _live_labels(self, live: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
        if "pulumiLabels" not in given:
            own = {key: value for key, value in live.items() if key not in ATTRIBUTIONS}
            return {"labels": own, "pulumiLabels": own, "effectiveLabels": dict(live)}
        own = {key: live[key] for key in given.get("labels") or {} if key in live}
        ours = {key: live[key] for key in given["pulumiLabels"] if key in live}
        return {"labels": own, "pulumiLabels": ours, "effectiveLabels": dict(live)}

    # Import and refresh

    def import_id(self, text: str, settings: Settings) -> dict[str, Any] | None:
        """The properties that an import id gives, enough to read the resource; None when it has no accepted shape."""
        found = self.spec.parse_id(text)
        return None if found is None else self.variables(found, settings)

    def inputs(self, state: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs that would give this state: the old ones as they are now, and what others have added since."""
        return dict(self._inputs(state, old))

    def _inputs(self, state: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name in self.kind.inputs:
            if name in old and (name in self.spec.local | _LOCAL or is_empty(old[name])):
                if is_empty(state.get(name)) or name in self.spec.local | _LOCAL:
                    yield name, old[name]
                else:
                    yield name, state[name]
            elif name in old:
                if name in state:
                    yield name, state[name]
            elif self._shows_unasked(name, state.get(name), bool(old)):
                yield name, state[name]

    def _shows_unasked(self, name: str, value: Any, refreshing: bool) -> bool:
        """Whether a property that the program did not give belongs into the inputs anyway."""
        if is_empty(value) or name in self.spec.local | _LOCAL:
            return False
        if name in self.spec.address:
            return not refreshing
        return name not in self.spec.computed

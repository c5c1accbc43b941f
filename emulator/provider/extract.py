"""Writes schema.json, what the provider must know of the installed pulumi_gcp: `python -m emulator.provider.extract`.

pulumi_gcp is too big to be imported whenever the engine starts the plugin (1.5 s), so its typed classes are read once
and kept: for every resource of the tables the inputs, which are required, the outputs, and the nested types.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import json
import sys
import typing
from importlib.metadata import version
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("schema.json")
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


class _Extract:
    """One run: collects the nested types while it reads classes."""

    def __init__(self) -> None:
        import pulumi  # heavy, and only this script needs it
        import pulumi.output

        self._pulumi = pulumi
        self._names = {**vars(typing), **vars(pulumi.output)}
        self.types: dict[str, Any] = {}

    def properties(self, cls: type, module: str) -> dict[str, Any]:
        """The arguments of a generated class: their types by the plugin's name, and which are required."""
        from pulumi._types import input_type_py_to_pulumi_names

        # The class's own constructor is asked: that is where the generated code keeps its types.
        constructor = cls.__init__  # type: ignore[misc]
        hints = typing.get_type_hints(constructor, localns=self._names)
        names = input_type_py_to_pulumi_names(cls)
        parameters = [p for p in inspect.signature(constructor).parameters.values() if not p.name.startswith("__")]
        required = sorted(names[p.name] for p in parameters if p.default is inspect.Parameter.empty)
        types = {names[p.name]: self._type(hints[p.name], module) for p in parameters}
        return {"properties": dict(sorted(types.items())), "required": required}

    def _plain(self, hint: Any) -> Any:
        while typing.get_origin(hint) is typing.Union:
            members = [
                member
                for member in typing.get_args(hint)
                if member is not type(None)
                and typing.get_origin(member) not in (self._pulumi.Output, collections.abc.Awaitable)
                and not typing.is_typeddict(member)
            ]
            hint = members[0]
        return hint

    def _type(self, hint: Any, module: str) -> Any:
        hint = self._plain(hint)
        origin = typing.get_origin(hint)
        if hint in _SCALARS:
            return _SCALARS[hint]
        if origin is collections.abc.Sequence:
            return {"list": self._type(typing.get_args(hint)[0], module)}
        if origin is collections.abc.Mapping:
            return {"map": self._type(typing.get_args(hint)[1], module)}
        if inspect.isclass(hint) and issubclass(hint, self._pulumi.Asset | self._pulumi.Archive):
            return "asset"
        name = f"{module}/{hint.__name__.removesuffix('Args')}"
        if name not in self.types:
            self.types[name] = {}
            self.types[name] = self.properties(hint, module)
        return {"object": name}


def extract(tokens: collections.abc.Iterable[str]) -> dict[str, Any]:
    """The schema of these resource tokens as the installed pulumi_gcp has it, ready to be written as JSON."""
    run = _Extract()
    resources = {}
    for token in sorted(tokens):
        _, path, name = token.split(":")
        module = path.split("/")[0]
        package = importlib.import_module(f"pulumi_gcp.{module}")
        source = sys.modules[getattr(package, name).__module__]
        inputs = run.properties(getattr(source, f"{name}Args"), module)
        outputs = run.properties(getattr(source, f"_{name}State"), module)
        resources[token] = {
            "inputs": inputs["properties"],
            "required": inputs["required"],
            "outputs": outputs["properties"],
        }
    provider = importlib.import_module("pulumi_gcp.provider")
    config = run.properties(provider.ProviderArgs, "provider")["properties"]
    types = dict(sorted(run.types.items()))
    return {"version": version("pulumi_gcp"), "config": config, "resources": resources, "types": types}


def main() -> None:
    """Write schema.json beside this file."""
    from emulator.provider.tables import FLOWS  # the tables read schema.json, which may not exist yet

    SCHEMA.write_text(render(extract(FLOWS)))


def render(schema: dict[str, Any]) -> str:
    """The schema as text: one line for each resource and type, so that a change is a readable diff."""
    parts = [f' "version": {json.dumps(schema["version"])}']
    for part in ("config", "resources", "types"):
        rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in schema[part].items())
        parts.append(f' "{part}": {{\n{rows}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()

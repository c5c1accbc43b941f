"""Inputs are checked against the typed classes of pulumi_gcp, of which schema.json is an extract."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.provider import extract, schema
from emulator.provider.convert import generic
from emulator.provider.functions import FUNCTIONS
from emulator.provider.package import package_schema
from emulator.provider.schema import Problem
from emulator.provider.tables import FLOWS
from emulator.provider.values import UNKNOWN
from tests.support.emulator import ROOT

# What pulumi_gcp warns of as it is imported, in modules that nobody here uses.
IMPORTS_PULUMI_GCP = pytest.mark.filterwarnings("ignore:gcp.* has been deprecated:DeprecationWarning")
SUBSCRIPTION = schema.kind("gcp:pubsub/subscription:Subscription")


@IMPORTS_PULUMI_GCP
def test_the_extract_is_that_of_the_installed_package() -> None:
    assert extract.SCHEMA.read_text() == extract.render(extract.extract(FLOWS)), (
        "run `python -m emulator.provider.extract` after another pulumi-gcp is installed"
    )


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"name": "n"}, Problem("topic", "this property is required and missing")),
        ({"topic": "t", "tpoic": "t"}, Problem("tpoic", "there is no such property; did you mean topic?")),
        ({"topic": 5.5, "ackDeadlineSeconds": "x"}, Problem("ackDeadlineSeconds", "an integer is wanted, not a text")),
        (
            {"topic": "t", "enableMessageOrdering": "yes"},
            Problem("enableMessageOrdering", "true or false is wanted, not a text"),
        ),
        ({"topic": "t", "labels": ["a"]}, Problem("labels", "an object is wanted, not a list")),
        ({"topic": "t", "labels": {"a": {}}}, Problem('labels["a"]', "a text is wanted, not an object")),
        ({"topic": "t", "messageTransforms": {}}, Problem("messageTransforms", "a list is wanted, not an object")),
        (
            {"topic": "t", "messageTransforms": [{"javascriptUdf": {"code": "c"}}]},
            Problem("messageTransforms[0].javascriptUdf.functionName", "this property is required and missing"),
        ),
        (
            {"topic": "t", "deadLetterPolicy": {"topic": "t"}},
            Problem(
                "deadLetterPolicy.topic", "there is no such property; it takes deadLetterTopic, maxDeliveryAttempts"
            ),
        ),
    ],
)
def test_a_wrong_property_is_named(inputs: dict[str, Any], problem: Problem) -> None:
    assert schema.check(SUBSCRIPTION, inputs)[1] == [problem]


def test_texts_that_mean_numbers_are_numbers() -> None:
    inputs = {"topic": "t", "ackDeadlineSeconds": "60", "retainAckedMessages": "true", "labels": {"a": True, "b": 2}}
    checked, problems = schema.check(SUBSCRIPTION, inputs)
    assert not problems
    assert checked == {
        "topic": "t",
        "ackDeadlineSeconds": 60,
        "retainAckedMessages": True,
        "labels": {"a": "true", "b": "2"},
    }


def test_what_is_not_known_yet_passes() -> None:
    inputs = {"topic": UNKNOWN, "labels": UNKNOWN, "retryPolicy": {"minimumBackoff": UNKNOWN}}
    assert schema.check(SUBSCRIPTION, inputs) == (inputs, [])


def test_every_word_of_the_tables_is_a_property() -> None:
    sets = ("address", "unsent", "immutable", "local", "computed", "unordered", "ignore_case", "short_names", "as_json")
    for token, flow in FLOWS.items():
        kind = flow.kind
        known = {*kind.inputs, *kind.outputs, "project"}
        for name in (*sets, "text_numbers", "nulls", "volatile"):
            for path in getattr(flow.spec, name):
                first, *rest = generic(path).split(".")
                assert first in known, (token, name, path)
                declared: Any = kind.outputs.get(first)
                for part in rest:
                    declared = declared["list"] if isinstance(declared, dict) and "list" in declared else declared
                    properties = schema.object_type(declared)
                    assert properties is not None, (token, name, path)
                    if part == "effectiveTime" and part not in properties:
                        break
                    assert part in properties, (token, name, path)
                    declared = properties[part]


@IMPORTS_PULUMI_GCP
def test_all_that_the_program_uses_is_served() -> None:
    used, called = set(), set()
    for file in sorted((ROOT / "infra").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            name = _gcp_name(node)
            if name and inspect.isclass(name) and hasattr(name, "pulumi_type"):
                used.add(name.pulumi_type)
            elif name and name.__name__.startswith("get_"):
                called.add(name.__name__.removesuffix("_output"))
    assert len(used) > 15
    assert used <= set(FLOWS)
    served = {token.rsplit(":", 1)[-1].lower() for token in FUNCTIONS}
    assert {name.replace("_", "") for name in called} <= served


def _gcp_name(node: ast.AST) -> Any:
    """What `gcp.MODULE.NAME` in a program is."""
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)):
        return None
    if not (isinstance(node.value.value, ast.Name) and node.value.value.id == "gcp"):
        return None
    module = importlib.import_module(f"pulumi_gcp.{node.value.attr}")
    found = getattr(module, node.attr, None)
    return found if callable(found) else None


def test_the_schema_is_found_where_the_package_is() -> None:
    assert Path(sys.modules["emulator.provider.schema"].__file__ or "").with_name("schema.json") == extract.SCHEMA


def test_the_package_schema_holds_together() -> None:
    document = json.loads(package_schema(FLOWS))
    assert document["resources"].keys() == FLOWS.keys()
    references = set(re.findall(r'"#/types/([^"]+)"', json.dumps(document)))
    assert references
    assert references <= document["types"].keys()
    topic = document["resources"]["gcp:pubsub/topicIAMMember:TopicIAMMember"]
    assert set(topic["requiredInputs"]) == {"topic", "role", "member"}
    assert topic["inputProperties"]["condition"] == {
        "$ref": "#/types/gcp:pubsub/TopicIAMMemberCondition:TopicIAMMemberCondition"
    }

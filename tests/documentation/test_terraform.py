"""The example for Terraform has the provider's own settings and arguments, as Pulumi's plugin has them of it."""

import re
import subprocess

import pytest

from emulator.provider.terraform.resources import RESOURCES
from emulator.provider.terraform.shapes import spelled
from engine.layout import ROOT
from infra.settings import CUSTOM_ENDPOINTS
from tests.e2e.terraform import program

FOLDER = ROOT / "examples" / "terraform"
OF_THE_LANGUAGE = frozenset(("for_each", "depends_on"))
_RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_ARGUMENT = re.compile(r"^  (\w+)(?: +=| \{)", re.MULTILINE)


def test_arguments_are_those_of_the_resources() -> None:
    text = "\n".join(file.read_text() for file in sorted(FOLDER.glob("*.tf")))
    found = _RESOURCE.findall(text)
    assert {kind for kind, _, _ in found} == RESOURCES.keys()
    for kind, name, body in found:
        declared = RESOURCES[kind].kind
        said = set(_ARGUMENT.findall(body)) - OF_THE_LANGUAGE
        assert said <= set(map(spelled, declared.inputs)), f"{kind}.{name}"
        assert said >= set(map(spelled, declared.required)), f"{kind}.{name}"


def test_the_files_are_as_terraform_writes_them() -> None:
    terraform = program()
    if terraform is None:
        pytest.skip("Neither terraform nor tofu is on this machine.")
    done = subprocess.run([terraform, "fmt", "-check", "-diff", FOLDER], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_endpoints_are_those_that_a_stack_on_the_emulator_sets() -> None:
    text = (FOLDER / "emulator.tf").read_text()
    said = dict(re.findall(r'^  (\w+_custom_endpoint) += "\$\{var\.emulator\}/(.*)"$', text, re.MULTILINE))
    wanted = {re.sub("([A-Z])", r"_\1", each.key).lower(): each.path for each in CUSTOM_ENDPOINTS}
    assert said == wanted


def test_the_how_to_has_the_same_endpoints() -> None:
    page = (ROOT / "docs" / "how-to" / "terraform.md").read_text()
    for endpoint in CUSTOM_ENDPOINTS:
        setting = re.sub("([A-Z])", r"_\1", endpoint.key).lower()
        (row,) = [line for line in page.splitlines() if line.startswith("|") and f"`{setting}`" in line]
        assert row.endswith(f"`http://127.0.0.1:9470/{endpoint.path}` |")

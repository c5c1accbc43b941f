"""What Airflow learns of the package."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from cloud_healthcare_provider import VERSION, get_provider_info


def test_every_module_that_airflow_is_told_of_is_there() -> None:
    info = get_provider_info()
    kinds = ("operators", "sensors", "hooks", "triggers")
    modules = [module for kind in kinds for entry in info[kind] for module in entry["python-modules"]]
    assert len(modules) == 6
    for module in modules:
        importlib.import_module(module)


def test_the_entry_point_leads_to_what_airflow_is_told() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    module, _, name = project["entry-points"]["apache_airflow_provider"]["provider_info"].partition(":")
    told = getattr(importlib.import_module(module), name)()
    assert (told["package-name"], told["versions"]) == (project["name"], [VERSION])

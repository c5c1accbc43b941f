"""What Airflow learns of the package."""

from __future__ import annotations

import importlib

from cloud_healthcare_provider import get_provider_info


def test_every_module_that_airflow_is_told_of_is_there() -> None:
    info = get_provider_info()
    kinds = ("operators", "sensors", "hooks", "triggers")
    modules = [module for kind in kinds for entry in info[kind] for module in entry["python-modules"]]
    assert len(modules) == 6
    for module in modules:
        importlib.import_module(module)

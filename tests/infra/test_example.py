"""`examples/one-store`: a program on top of the components, that declares a dataset with one DICOM store."""

from __future__ import annotations

import logging
import runpy
import warnings
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime.config import set_all_config

from infra.policy.checking import check
from infra.policy.graph import Asked, Graph
from tests.infra.graph import PROJECT, Declared, Recorder, take_the_loop
from tests.infra.policy.test_rules import resource_of

PROGRAM = Path(__file__).parents[2] / "examples" / "one-store" / "__main__.py"


def declared(monkeypatch: pytest.MonkeyPatch, **config: str) -> list[Declared]:
    """What the program declares with this configuration, the components left out."""
    take_the_loop()
    recorder = Recorder.answering(PROJECT)
    monkeypatch.setattr(pulumi, "export", lambda *_: None)
    pulumi.runtime.set_mocks(
        recorder.mocks, "one-store", "trial", monitor=recorder, logger=logging.getLogger("program")
    )
    set_all_config({"gcp:project": PROJECT} | {f"one-store:{key}": value for key, value in config.items()})

    def program() -> None:
        runpy.run_path(str(PROGRAM), run_name="__main__")

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"gcp\..* has been deprecated", DeprecationWarning)
        try:
            pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
        finally:
            set_all_config({})
    return [each for each in recorder.declared if each.custom]


def test_it_declares_a_dataset_and_a_store_in_it_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, store = declared(monkeypatch, location="europe-west4")
    assert (dataset.kind, dataset.inputs["location"]) == ("gcp:healthcare/dataset:Dataset", "europe-west4")
    assert store.kind == "gcp:healthcare/dicomStore:DicomStore"
    assert store.inputs["dataset"] == f"projects/{PROJECT}/locations/europe-west4/datasets/films"
    assert "notificationConfig" not in store.inputs


def test_it_keeps_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph(tuple(resource_of(each) for each in declared(monkeypatch)), Asked(location="us-central1"))
    assert {name: broken for name, broken in check(graph).items() if broken} == {}


def test_what_holds_data_is_protected_unless_it_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {each.protect for each in declared(monkeypatch)} == {True}
    assert {each.protect for each in declared(monkeypatch, deletionProtection="false")} == {False}

"""The program as Pulumi runs it: configuration in, outputs out, and problems told without a traceback."""

from __future__ import annotations

import logging
import runpy
import warnings
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.config import set_all_config

from infra.outputs import Outputs
from infra.settings import NAMESPACE
from tests.infra.graph import PROJECT, Recorder, take_the_loop

PROGRAM = Path(__file__).parents[2] / "__main__.py"
TOLD_THE_USER = 32  # what the language host takes for "the program has said what is wrong"


def run(config: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run `__main__.py` with this configuration on a stack called dev, and give what it exports."""
    take_the_loop()
    recorder = Recorder.answering(PROJECT)
    outputs: dict[str, pulumi.Output[Any]] = {}
    monkeypatch.setattr(pulumi, "export", outputs.__setitem__)
    pulumi.runtime.set_mocks(recorder.mocks, NAMESPACE, "dev", monitor=recorder, logger=logging.getLogger("program"))
    set_all_config(config)
    values: dict[str, Any] = {}

    def program() -> pulumi.Output[None]:
        runpy.run_path(str(PROGRAM), run_name="__main__")
        return pulumi.Output.all(**outputs).apply(values.update)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"gcp\..* has been deprecated", DeprecationWarning)
        try:
            pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
        finally:
            set_all_config({})
    return values


def test_it_exports_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = Outputs.from_mapping(run({"gcp:project": PROJECT}, monkeypatch))
    assert (outputs.stack, outputs.project) == ("dev", PROJECT)


def test_wrong_configuration_is_told_problem_by_problem(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        run({f"{NAMESPACE}:location": "Iowa"}, monkeypatch)
    assert ended.value.code == TOLD_THE_USER
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 2
    assert any("gcp:project is not set yet" in text for text in told)
    assert any(f"{NAMESPACE}:location must be a region" in text for text in told)

"""`nightly run` on the emulator: what is new is done, once, whatever ended the run before."""

from __future__ import annotations

import dataclasses
import traceback
from pathlib import Path

import pytest

from scripts.chestxrays.rehearsal import write_set
from scripts.connection import connect_to
from scripts.deidentify import stores
from scripts.errors import CommandError
from scripts.exports import export
from scripts.loading.batches import BatchImports
from scripts.nightly.parameters import Destination
from scripts.nightly.running import do
from scripts.nightly.steps import STEPS
from scripts.stack import OUTPUTS_VARIABLE
from tests.scripts.conftest import Run
from tests.scripts.files import small_film
from tests.scripts.nightly.conftest import Killed, Night, killing

PATIENT = "Doe^Jane"


def test_what_landed_goes_all_the_way_and_the_next_night_brings_what_is_new(
    run: Run, night: Night, parameters_file: Path
) -> None:
    night.land("monday/one.dcm", small_film("one"))
    night.land("monday/two.dcm", small_film("two"))
    first = run("nightly", "run", "--parameters", parameters_file, "--name", "2026-11-01")
    assert first.code == 0, first.err
    assert night.report("2026-11-01")["steps"] == {
        "load": {"failed": 0},
        "import": {"imported": 2, "already": 0, "failed": 0},
        "label": {"failed": 0},
        "deidentify": {"deidentified": 2, "failed": 0},
        "export": {"table": 2, "bucket": 2, "failed": 0},
        "load-fhir": {"failed": 0},
        "deidentify-fhir": {"failed": 0},
        "export-fhir": {"table": 0, "bucket": 0, "failed": 0},
        "export-hl7v2": {"bucket": 0, "failed": 0},
        "verify": {"compared": 4, "failed": 0},
    }
    night.land("tuesday/three.dcm", small_film("three"))
    assert run("nightly", "run", "--parameters", parameters_file, "--name", "2026-11-02").code == 0
    second = night.report("2026-11-02")["steps"]
    assert second["import"] == {"imported": 1, "already": 2, "failed": 0}
    assert second["deidentify"]["deidentified"] == 1
    assert second["export"] == {"table": 3, "bucket": 1, "failed": 0}
    assert night.count(night.outputs.dicom_store_name) == 3
    assert night.count(night.place.research.dicom_store_name) == 3
    assert run("nightly", "run", "--parameters", parameters_file, "--name", "2026-11-03").code == 0
    third = night.report("2026-11-03")["steps"]
    assert (third["import"]["imported"], third["deidentify"]["deidentified"]) == (0, 0)
    assert "bucket" not in third["export"]


def test_a_stack_without_anything_has_a_quiet_night(run: Run, parameters_file: Path) -> None:
    ended = run("nightly", "run", "--parameters", parameters_file, "--name", "empty")
    assert ended.code == 0, ended.err
    assert "import: nothing to do" in ended.err


def test_a_scheduled_job_needs_no_parameters_beside_the_outputs(
    run: Run, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OUTPUTS_VARIABLE, night.outputs.to_json())
    ended = run("nightly", "run", "--name", "scheduled")
    assert ended.code == 0, ended.err
    assert night.report("scheduled")["steps"]["verify"]["failed"] == 0


def test_films_of_a_source_are_loaded_and_labelled(night: Night, tmp_path: Path) -> None:
    write_set(tmp_path / "films", 3, 32)
    parameters = dataclasses.replace(night.parameters, source=str(tmp_path / "films"), exports=(Destination.TABLE,))
    found = {step: do(step, parameters) for step in STEPS}
    assert (found["load"]["loaded"], found["import"]["imported"], found["label"]["labels"]) == (3, 3, 3)
    assert found["verify"]["failed"] == 0
    assert do("load", parameters) == {"loaded": 0, "already": 3, "failed": 0}
    assert do("label", parameters)["labels"] == 3


def test_a_file_that_is_no_dicom_is_told_of_and_the_rest_goes_on(run: Run, night: Night, parameters_file: Path) -> None:
    night.land("monday/one.dcm", small_film("one"))
    night.land("monday/bad.dcm", b"no DICOM")
    ended = run("nightly", "run", "--parameters", parameters_file, "--name", "bad")
    assert ended.code == 3
    assert "Run bad went not well: 1 failed in import." in ended.err
    found = night.report("bad")
    assert found["well"] is False
    assert found["steps"]["deidentify"] == {"deidentified": 1, "failed": 0}


def test_a_step_that_fails_as_a_whole_ends_the_run_and_is_reported(
    run: Run, night: Night, parameters_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.land("monday/one.dcm", small_film("one"))

    def fail(*_: object) -> None:
        raise ValueError(PATIENT)

    monkeypatch.setattr(stores, "studies_in", fail)
    ended = run("nightly", "run", "--parameters", parameters_file, "--name", "failed")
    assert ended.code == 1
    assert "deidentify did not end; export did not end; load-fhir did not end" in ended.err
    assert "Doe" not in ended.err


def test_a_traceback_of_a_step_does_not_say_what_a_client_said(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError(PATIENT)

    monkeypatch.setattr(stores, "studies_in", fail)
    with pytest.raises(CommandError) as failed:
        do("deidentify", night.parameters)
    assert PATIENT not in "".join(traceback.format_exception(failed.value))


def test_an_import_under_way_is_gone_on_with_after_a_kill(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.land("monday/one.dcm", small_film("one"))
    before = night.operations().count("ImportDicomData")
    killing(monkeypatch, BatchImports, "finish")
    with pytest.raises(Killed):
        do("import", night.parameters)
    assert do("import", night.parameters) == {"imported": 1, "already": 0, "failed": 0}
    assert night.operations().count("ImportDicomData") == before + 1


def test_a_deidentification_under_way_is_gone_on_with_after_a_kill(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.land("monday/one.dcm", small_film("one"))
    do("import", night.parameters)
    before = night.operations().count("DeidentifyDicomStore")
    killing(monkeypatch, stores, "wait_for")
    with pytest.raises(Killed):
        do("deidentify", night.parameters)
    night.land("monday/two.dcm", small_film("two"))
    do("import", night.parameters)
    assert do("deidentify", night.parameters) == {"deidentified": 2, "failed": 0}
    assert night.operations().count("DeidentifyDicomStore") == before + 2
    assert do("deidentify", night.parameters) == {"deidentified": 0, "failed": 0}
    assert night.count(night.place.research.dicom_store_name) == 2


def test_a_deidentification_that_google_has_forgotten_is_started_again(night: Night) -> None:
    night.land("monday/one.dcm", small_film("one"))
    do("import", night.parameters)
    with connect_to(night.outputs) as target:
        work = stores._Work(target, {})
        work._pending.write({"operation": f"{night.outputs.dataset_name}/operations/123", "studies": {}})
        assert work.left() == ""


def test_an_export_that_was_killed_is_made_again_under_the_same_names(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.land("monday/one.dcm", small_film("one"))
    do("import", night.parameters)
    killing(monkeypatch, export, "wait_for")
    with pytest.raises(Killed):
        do("export", night.parameters)
    do("export", night.parameters)
    assert len(night.objects(night.outputs.export_bucket, "nightly/")) == 1
    assert do("verify", night.parameters)["failed"] == 0

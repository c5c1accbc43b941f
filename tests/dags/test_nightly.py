"""The nightly DAG, run by Airflow itself on the emulator."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from scripts.nightly.packing import pack
from tests.dags.conftest import Airflow
from tests.scripts.files import small_film
from tests.scripts.nightly.conftest import Night

DAG = "healthcare_nightly"


@pytest.fixture
def variables(airflow: Airflow, night: Night, parameters_file: Path) -> dict[str, str]:
    """What a run of the DAG needs in its environment; the DAG is in Airflow's folder, packed as for an upload."""
    pack(Path(airflow.variables["AIRFLOW__CORE__DAGS_FOLDER"]))
    return {**night.place.live.variables, "HEALTHCARE_NIGHTLY_PARAMETERS": str(parameters_file)}


def killed_after(airflow: Airflow, task: str, day: str, variables: dict[str, str]) -> None:
    """Run the DAG and kill Airflow, with all that it started, as soon as it says that a task has ended."""
    process = airflow.start("dags", "test", DAG, day, **variables)
    assert process.stdout is not None
    said = []
    with process, process.stdout:
        for line in process.stdout:
            said.append(line)
            if re.search(rf"\[DAG TEST\] end task task_id={task}\b", line):
                os.killpg(process.pid, signal.SIGKILL)
                break
    assert process.wait() == -signal.SIGKILL, "".join(said)[-20_000:]


def test_two_nights_the_first_killed_between_tasks_and_the_second_with_a_bad_file_leave_everything_once(
    airflow: Airflow, night: Night, variables: dict[str, str]
) -> None:
    night.land("monday/one.dcm", small_film("one"))
    night.land("monday/two.dcm", small_film("two"))
    before = night.operations()
    killed_after(airflow, "import", "2026-11-01", variables)
    assert night.count(night.outputs.dicom_store_name) == 2
    assert not night.objects(night.outputs.export_bucket, ".nightly/")

    with airflow.days(DAG, **variables) as days:
        code, said = days.run("2026-11-01")
        assert code == 0, said[-20_000:]
        first = night.report("2026-11-01")
        assert first["well"] is True
        assert first["steps"]["import"] == {"imported": 0, "already": 2, "failed": 0}
        assert first["steps"]["deidentify"] == {"deidentified": 2, "failed": 0}
        assert first["steps"]["export"] == {"table": 2, "bucket": 2, "failed": 0}
        assert first["steps"]["export-hl7v2"] == {"bucket": 0, "failed": 0}

        night.land("tuesday/three.dcm", small_film("three"))
        night.land("tuesday/bad.dcm", b"no DICOM")
        code, said = days.run("2026-11-02")
    assert code != 0
    assert "Run 2026-11-02 went not well: 1 failed in import." in said
    second = night.report("2026-11-02")
    assert second["well"] is False
    assert second["steps"]["import"] == {"imported": 1, "already": 2, "failed": 1}
    assert second["steps"]["export"] == {"table": 3, "bucket": 1, "failed": 0}
    assert night.count(night.outputs.dicom_store_name) == 3
    assert night.count(night.place.research.dicom_store_name) == 3
    assert len(night.objects(night.outputs.export_bucket, "nightly/")) == 3
    done = night.operations()
    for method, number in (("ImportDicomData", 2), ("DeidentifyDicomStore", 2), ("ExportDicomData", 4)):
        assert done.count(method) - before.count(method) == number, method

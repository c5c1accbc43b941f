"""Load, import, label, de-identify, export, verify and report what is new, each night: a DAG for Airflow 2.11 and 3.

The tasks are the steps of `python -m scripts nightly run`, with the same parameters: `python -m scripts nightly
parameters` prints them, for the Airflow variable `healthcare_nightly`, or for a file that the environment variable
HEALTHCARE_NIGHTLY_PARAMETERS names. Each step does what is new and leaves what is done, so that a retry, and a run
after one that was killed, go on where that ended. docs/how-to/schedule.md says how it gets into Managed Airflow.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

try:
    from airflow.sdk import Variable, dag, task
except ImportError:  # Airflow 2.11
    from airflow.decorators import dag, task
    from airflow.models import Variable

if TYPE_CHECKING:
    from scripts.nightly.parameters import Parameters

VARIABLE = "healthcare_nightly"
FILE = "HEALTHCARE_NIGHTLY_PARAMETERS"
SCHEDULE = os.environ.get("HEALTHCARE_NIGHTLY_SCHEDULE", "0 3 * * *")
STEPS = (
    *("load", "import", "label", "deidentify", "export"),
    *("load-fhir", "deidentify-fhir", "export-fhir", "export-hl7v2"),
    "verify",
)


def parameters() -> Parameters:
    """What the run works on, from the file or the variable; looked up when a task runs, and not when Airflow parses."""
    from scripts.nightly.parameters import Parameters

    if file := os.environ.get(FILE):
        return Parameters.from_file(Path(file))
    return Parameters.from_json(Variable.get(VARIABLE), f"The variable {VARIABLE}")


def do(step: str) -> dict[str, int]:
    """Do one step; gives what it counted, which the report tells of."""
    from scripts.nightly.running import do as do_step

    return do_step(step, parameters())


@dag(
    dag_id="healthcare_nightly",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        "owner": "healthcare",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
    },
    tags=["healthcare"],
    doc_md=__doc__,
)
def healthcare_nightly() -> None:
    """Chain the steps; the report is written whatever became of them, and fails the run where something failed."""

    @task(task_id="report", trigger_rule="all_done", retries=0)
    def report(counts: list[dict[str, int] | None], run: str) -> str:
        from scripts.nightly.running import tell

        return tell(parameters(), run, dict(zip(STEPS, counts, strict=True)))

    found = [task(task_id=step)(do)(step) for step in STEPS]
    for earlier, later in pairwise(found):
        earlier >> later
    report(found, "{{ logical_date | ds }}")


healthcare_nightly()

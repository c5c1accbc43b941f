"""The example, run by `airflow dags test`: templates, deferral and XComs as Airflow itself has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import Place

EXAMPLES = Path(__file__).parents[1] / "example_dags"


def test_the_example_runs_from_its_beginning_to_its_end(place: Place, resource: bytes) -> None:
    store = place.store("fhir", version="R4", enableUpdateCreate=True)
    place.put("2026-11-01%2Fpatients.ndjson", resource)
    told = {
        "EXAMPLE_FHIR_STORE": store,
        "EXAMPLE_BUCKET": place.bucket,
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
    }
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", "healthcare_example", "2026-11-01"],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-10_000:]
    objects = place.call("GET", f"/storage/v1/b/{place.bucket}/o?prefix=out/2026-11-01/")
    assert [each["name"] for each in objects["items"]] == ["out/2026-11-01/Patient"]

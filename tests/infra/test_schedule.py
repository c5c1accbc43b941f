"""What a stack declares that does something by a schedule, and that others declare nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.outputs import Outputs
from infra.settings import SettingsError
from tests.infra.graph import PROJECT, Graph, declare, settings

IMAGE = "us-docker.pkg.dev/some-project/images/commands:1"
LOADER = f"imaging-dev-loader@{PROJECT}.iam.gserviceaccount.com"
STARTER = f"imaging-dev-starter@{PROJECT}.iam.gserviceaccount.com"
AIRFLOW = f"imaging-dev-airflow@{PROJECT}.iam.gserviceaccount.com"
JOB = f"projects/{PROJECT}/locations/us-central1/jobs/imaging-dev-nightly"


@pytest.fixture(scope="module")
def run() -> Graph:
    """A stack with a Cloud Run job."""
    command = '["load", "--source", "folder"]'
    return declare(
        settings(schedule="cloud-run", scheduleImage=IMAGE, scheduleCommand=command, scheduleCron="5 3 * * 1-5")
    )


@pytest.fixture(scope="module")
def airflow() -> Graph:
    """A stack with an environment of Managed Airflow."""
    return declare(settings(schedule="composer", scheduleCron="5 3 * * *"))


def apis(graph: Graph) -> set[str]:
    return {item.inputs["service"] for item in graph.of("projects/service:Service")}


def grants(graph: Graph, email: str) -> set[tuple[str, str]]:
    return {
        (item.kind.rpartition(":")[2], item.inputs["role"])
        for item in graph
        if item.inputs.get("member") == f"serviceAccount:{email}"
    }


def test_without_the_key_there_is_nothing_of_it() -> None:
    graph = declare(settings())
    assert [item for item in graph if "schedule" in item.name or "run" in item.kind.split("/")[0]] == []
    assert graph.outputs["schedule"] is None


def test_the_job_runs_the_command_as_the_loader_and_knows_the_stack(run: Graph) -> None:
    job = run.one("cloudrunv2/job:Job")
    template = job.inputs["template"]["template"]
    [container] = template["containers"]
    assert (container["image"], container["args"]) == (IMAGE, ["load", "--source", "folder"])
    assert (template["serviceAccount"], template["maxRetries"]) == (LOADER, 1)
    [variable] = container["envs"]
    known = Outputs.from_json(variable["value"])
    assert (variable["name"], known.loader_email, known.schedule) == ("HEALTHCARE_CLOUD_OUTPUTS", LOADER, None)
    assert known.landing_bucket == run.outputs["landing_bucket"]
    assert job.inputs["labels"]["environment"] == "dev"
    assert (job.protect, job.inputs["deletionProtection"]) == (False, False)


def test_cloud_scheduler_starts_it_as_an_account_that_may_do_only_that(run: Graph) -> None:
    trigger = run.one("cloudscheduler/job:Job")
    assert (trigger.inputs["schedule"], trigger.inputs["timeZone"]) == ("5 3 * * 1-5", "Etc/UTC")
    target = trigger.inputs["httpTarget"]
    assert target["uri"] == f"https://run.googleapis.com/v2/{JOB}:run"
    assert target["oauthToken"] == {"serviceAccountEmail": STARTER}
    assert grants(run, STARTER) == {("JobIamMember", "roles/run.invoker")}
    assert run.outputs["schedule"] == {"kind": "cloud-run", "name": JOB, "account_email": STARTER, "dags": "none"}


def test_each_kind_enables_its_own_apis(run: Graph, airflow: Graph) -> None:
    plain = apis(declare(settings()))
    assert apis(run) - plain == {"run.googleapis.com", "cloudscheduler.googleapis.com"}
    assert apis(airflow) - plain == {"composer.googleapis.com"}


def test_airflow_runs_as_an_account_of_its_own_that_acts_as_the_loader(airflow: Graph) -> None:
    environment = airflow.one("composer/environment:Environment")
    config = environment.inputs["config"]
    assert config["nodeConfig"] == {"serviceAccount": AIRFLOW}
    variables = config["softwareConfig"]["envVariables"]
    assert (variables["HEALTHCARE_ACT_AS"], variables["HEALTHCARE_NIGHTLY_SCHEDULE"]) == (LOADER, "5 3 * * *")
    assert grants(airflow, AIRFLOW) == {
        ("IAMMember", "roles/composer.worker"),
        ("IAMMember", "roles/iam.serviceAccountTokenCreator"),
    }
    granted = {item.urn for item in airflow if item.inputs.get("member") == f"serviceAccount:{AIRFLOW}"}
    assert granted <= airflow.before(environment)


def test_its_bucket_gets_the_dag_and_what_it_reads(airflow: Graph) -> None:
    parameters = airflow.one("storage/bucketObject:BucketObject", name="data/healthcare_nightly.json")
    known = Outputs.from_mapping(json.loads(parameters.inputs["content"]["value"])["outputs"])
    assert known.loader_email == LOADER
    variables = airflow.one("composer/environment:Environment").inputs["config"]["softwareConfig"]["envVariables"]
    assert Path(variables["HEALTHCARE_NIGHTLY_PARAMETERS"]).name == "healthcare_nightly.json"
    airflow.one("storage/bucketObject:BucketObject", name="dags/healthcare_nightly.py")
    assert airflow.outputs["schedule"]["dags"].endswith("/dags")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schedule": "cloud-run"}, "scheduleImage is missing"),
        ({"scheduleImage": IMAGE}, "no effect without"),
        ({"schedule": "cron"}, "must be cloud-run or composer"),
        ({"schedule": "composer", "location": "us"}, "needs a region"),
        ({"schedule": "composer", "scheduleCron": "at night"}, "five fields"),
        ({"schedule": "composer", "airflowVersion": "composer-2.1.0-airflow-2.1.0"}, "a version of Composer 3"),
        ({"schedule": "cloud-run", "scheduleImage": IMAGE, "scheduleCommand": "[]"}, "must name a command"),
    ],
)
def test_what_can_not_be_is_refused(changes: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        settings(**changes)

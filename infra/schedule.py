"""What runs by a schedule: a Cloud Run job that Cloud Scheduler starts, or an environment of Managed Airflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_gcp as gcp

from infra.grants import Grants, People
from infra.options import options

ACT_AS = "HEALTHCARE_ACT_AS"
"""The variable by which the commands act as another service account than the one that they run as."""
OUTPUTS = "HEALTHCARE_CLOUD_OUTPUTS"
"""The variable that gives the commands the stack's outputs, as JSON, where there is no Pulumi to ask."""
_RUN = "https://run.googleapis.com/v2"
_LONGEST = "86400s"  # of a task: a first load takes hours
_DAG = Path(__file__).parents[1] / "dags" / "healthcare_nightly.py"
_DATA = "/home/airflow/gcs/data"  # where Managed Airflow shows the folder data/ of an environment's bucket


@dataclass(frozen=True)
class ScheduledRunArgs:
    """What `ScheduledRun` needs.

    `image` is the container with the commands and `command` what it runs of them; `cron` and `time_zone` say when.
    `loader` is the account that it runs as, `starter` the id of the one that starts it. `outputs` are the stack's, as
    JSON. `after` is what must be there before.
    """

    project: str
    location: str
    labels: Mapping[str, str]
    job: str
    starter: str
    image: str
    command: Sequence[str]
    cron: str
    time_zone: str
    loader: pulumi.Input[str]
    outputs: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


class ScheduledRun(pulumi.ComponentResource):
    """A Cloud Run job and the Cloud Scheduler job that starts it.

    The account that starts it may do that, with this one job, and nothing else; the job runs as the loader. A command
    that fails is tried once more; each goes on where the last one ended. Nothing in it holds data, so nothing is
    protected. What it prints is in Cloud Logging.
    """

    def __init__(self, name: str, args: ScheduledRunArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:ScheduledRun", name, None, opts)
        people = People(name, args.project, self, args.after)
        self.starter = people.account("starter", args.starter, "Starts the scheduled job", ())
        self.job = self._job(name, args)
        gcp.cloudrunv2.JobIamMember(
            f"{name}-starter-starts",
            project=args.project,
            location=args.location,
            name=self.job.name,
            role="roles/run.invoker",
            member=self.starter.member,
            opts=options(self),
        )
        self.trigger = self._trigger(name, args)
        self.register_outputs({})

    def _job(self, name: str, args: ScheduledRunArgs) -> gcp.cloudrunv2.Job:
        return gcp.cloudrunv2.Job(
            f"{name}-job",
            project=args.project,
            location=args.location,
            name=args.job,
            labels=args.labels,
            deletion_protection=False,
            template={
                "task_count": 1,
                "template": {
                    "service_account": args.loader,
                    "max_retries": 1,
                    "timeout": _LONGEST,
                    "containers": [
                        {
                            "image": args.image,
                            "args": list(args.command),
                            "envs": [{"name": OUTPUTS, "value": args.outputs}],
                        }
                    ],
                },
            },
            opts=options(self, args.after),
        )

    def _trigger(self, name: str, args: ScheduledRunArgs) -> gcp.cloudscheduler.Job:
        return gcp.cloudscheduler.Job(
            f"{name}-trigger",
            project=args.project,
            region=args.location,
            name=args.job,
            description="Starts the Cloud Run job of the same name",
            schedule=args.cron,
            time_zone=args.time_zone,
            http_target={
                "uri": pulumi.Output.format(f"{_RUN}/{{0}}:run", self.job.id),
                "http_method": "POST",
                "oauth_token": {"service_account_email": self.starter.email},
            },
            retry_config={"retry_count": 3},
            opts=options(self, args.after),
        )


@dataclass(frozen=True)
class AirflowArgs:
    """What `Airflow` needs.

    `account` is the id of the account that the environment runs as, `loader` the full name of the loader's and
    `loader_email` its address. `image_version` is Composer's; `cron` says when the DAG runs, in UTC. `parameters` are
    what it reads, as JSON. `after` is what must be there before.
    """

    project: str
    location: str
    labels: Mapping[str, str]
    environment: str
    account: str
    image_version: str
    cron: str
    loader: pulumi.Input[str]
    loader_email: pulumi.Input[str]
    parameters: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


class Airflow(pulumi.ComponentResource):
    """An environment of Managed Airflow (Composer 3), small, with the nightly DAG and its parameters in its bucket.

    It runs as an account of its own, since Google's role for that, roles/composer.worker, reaches every bucket of the
    project; its tasks act as the loader. The packages that the DAG imports are not uploaded. Composer keeps the bucket
    when the environment is deleted.
    """

    def __init__(self, name: str, args: AirflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("healthcare-cloud-poc:infra:Airflow", name, None, opts)
        people = People(name, args.project, self, args.after)
        self.account = people.account("airflow", args.account, "Runs the environment of Managed Airflow", ())
        worker = Grants(f"{name}-airflow", args.project, self.account.member, self)
        worker.on_project("works", "roles/composer.worker")
        acting = gcp.serviceaccount.IAMMember(
            f"{name}-airflow-as-loader",
            service_account_id=args.loader,
            role="roles/iam.serviceAccountTokenCreator",
            member=self.account.member,
            opts=options(self),
        )
        self.environment = self._environment(name, args, [*args.after, *worker.made, acting])
        bucket = self.environment.storage_config.apply(lambda config: config["bucket"])
        self.dags = pulumi.Output.format("gs://{0}/dags", bucket)
        self._upload(f"{name}-dag", bucket, f"dags/{_DAG.name}", pulumi.FileAsset(str(_DAG)))
        self._upload(f"{name}-parameters", bucket, f"data/{_DAG.stem}.json", args.parameters)
        self.register_outputs({})

    def _environment(self, name: str, args: AirflowArgs, after: Sequence[pulumi.Resource]) -> gcp.composer.Environment:
        return gcp.composer.Environment(
            f"{name}-environment",
            project=args.project,
            region=args.location,
            name=args.environment,
            labels=args.labels,
            config={
                "environment_size": "ENVIRONMENT_SIZE_SMALL",
                "node_config": {"service_account": self.account.email},
                "software_config": {
                    "image_version": args.image_version,
                    "env_variables": {
                        "HEALTHCARE_NIGHTLY_PARAMETERS": f"{_DATA}/{_DAG.stem}.json",
                        "HEALTHCARE_NIGHTLY_SCHEDULE": args.cron,
                        ACT_AS: args.loader_email,
                    },
                },
            },
            opts=options(self, after),
        )

    def _upload(
        self, name: str, bucket: pulumi.Input[str], path: str, content: pulumi.Asset | pulumi.Input[str]
    ) -> None:
        """Put a file or a text into the environment's bucket."""
        given = {"source": content} if isinstance(content, pulumi.Asset) else {"content": content}
        gcp.storage.BucketObject(name, bucket=bucket, name=path, opts=options(self), **given)

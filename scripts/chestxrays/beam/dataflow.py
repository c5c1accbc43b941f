"""Dataflow: the pipeline on many machines of Google's, as the stack's loader, with the stack's bucket for its files."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.chestxrays.beam.carrying import AGAIN
from scripts.chestxrays.beam.direct import INSTALL
from scripts.chestxrays.beam.work import Film
from scripts.chestxrays.beam.worker_package import write_requirements, write_wheel
from scripts.chestxrays.cloud_images import SCHEME
from scripts.chestxrays.public import PublicFilm
from scripts.connection import Connection
from scripts.console import note
from scripts.errors import CommandError, ExitCode, UsageError

_DISK_GB = 30
_LONGEST_NAME = 63


@dataclass(frozen=True)
class Machines:
    """What the pipeline runs on. region None is the stack's location; subnetwork is `regions/R/subnetworks/NAME`."""

    kind: str
    workers: int
    region: str | None = None
    subnetwork: str | None = None
    public_addresses: bool = False


class CloudPlace:
    """A folder of the stack's bucket for temporary files, which empties itself."""

    def __init__(self, target: Connection, bucket: str, folder: str) -> None:
        self.uri = f"{SCHEME}{bucket}/{folder}"
        self._bucket = target.storage.bucket(bucket)
        self._folder = folder

    def write(self, name: str, data: bytes) -> None:
        """Keep `data` as a file of that name."""
        # No content encoding: Beam unpacks by the name's ending, and Cloud Storage must not do so before.
        blob = self._bucket.blob(f"{self._folder}/{name}")
        blob.upload_from_string(data, content_type="application/octet-stream", checksum="crc32c", if_generation_match=0)

    def read(self, prefix: str) -> Iterator[bytes]:
        """The contents of the files whose names begin with `prefix`."""
        for blob in self._bucket.client.list_blobs(self._bucket, prefix=f"{self._folder}/{prefix}"):
            yield blob.download_as_bytes()


class DataflowRunner:
    """Runs pipelines as Dataflow jobs: at a time one at most for each folder of the landing bucket.

    With `wait` off, a job is left to itself as soon as it has begun. Raises CommandError where Beam is not installed or
    the stack not made for Dataflow, UsageError where the machines can't be had.
    """

    def __init__(self, target: Connection, machines: Machines, *, wait: bool = True) -> None:
        self._target = target
        self._bucket = _temp_bucket(target)
        self._region = machines.region or _region(target.outputs.location)
        self._machines = machines
        self._wait = wait
        if not all(map(_is_installed, ("apache_beam", "google.cloud.dataflow"))):
            raise CommandError(f"Apache Beam and Dataflow's client are not installed: {INSTALL}.")

    @contextmanager
    def place(self, folder: str) -> Iterator[CloudPlace]:
        """A folder of its own; what is in it helps to see what went wrong, and goes by itself after some days."""
        yield CloudPlace(self._target, self._bucket, f"load/{self._job_name(folder)}-{secrets.token_hex(4)}")

    def check(self, films: Iterable[Film]) -> None:
        """Raise UsageError for a film on this machine, which no worker can read."""
        for film in films:
            if not isinstance(film, PublicFilm) and not film.image.place.startswith(SCHEME):
                raise UsageError(
                    "Dataflow's workers can't read this machine's files: copy the set to a bucket with"
                    " `gcloud storage cp -r`, and give its gs:// place."
                )

    def run(self, folder: str, add_steps: Callable[[Any], None]) -> None:
        """Run a pipeline to its end. Raises CommandError unless Dataflow did all of it, or where it is left alone."""
        from apache_beam import Pipeline
        from apache_beam.options.pipeline_options import PipelineOptions
        from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException

        with TemporaryDirectory(prefix="chest-x-rays-") as made:
            options = self.options(self._job_name(folder), Path(made))
            pipeline = Pipeline(options=PipelineOptions([], **options))
            add_steps(pipeline)
            note(f"Starting Dataflow job {options['job_name']} in {self._region}: some minutes until workers begin.")
            result = self._start(pipeline, options["job_name"])
        job, place = result.job_id(), self._region
        note(f"https://console.cloud.google.com/dataflow/jobs/{place}/{job}?project={self._target.outputs.project}")
        if not self._wait:
            raise CommandError(
                f"Dataflow job {job} goes on by itself; once it has ended, {AGAIN}.", ExitCode.PARTLY_DONE
            )
        try:
            state = str(result.wait_until_finish())
        except KeyboardInterrupt:
            raise CommandError(
                f"Dataflow job {job} goes on without this command; `gcloud dataflow jobs cancel {job} --region {place}`"
                f" ends it. Once it has ended, {AGAIN}.",
                ExitCode.PARTLY_DONE,
            ) from None
        except DataflowRuntimeException:
            state = str(result.state)
        if state != "DONE":
            raise CommandError(
                f"Dataflow job {job} ended as {state}, its page says why; remove the reason, then {AGAIN}.",
                ExitCode.PARTLY_DONE,
            )

    def options(self, name: str, folder: Path) -> dict[str, Any]:
        """Beam's options for the job `name`, by name; what the workers install is written to `folder`."""
        outputs, machines = self._target.outputs, self._machines
        return {
            "runner": "DataflowRunner",
            "project": outputs.project,
            "region": self._region,
            "job_name": name,
            "labels": [f"{name}={value}" for name, value in sorted(outputs.labels.items())],
            "service_account_email": outputs.loader_email,
            "temp_location": f"{SCHEME}{self._bucket}/temp",
            "staging_location": f"{SCHEME}{self._bucket}/staging",
            "dataflow_kms_key": outputs.kms_keys.get("dataflow"),
            "machine_type": machines.kind,
            "max_num_workers": machines.workers,
            "autoscaling_algorithm": "THROUGHPUT_BASED",
            "disk_size_gb": _DISK_GB,
            "subnetwork": machines.subnetwork,
            "use_public_ips": machines.public_addresses,
            "extra_packages": [str(write_wheel(folder))],
            "requirements_file": str(write_requirements(folder)),
            "requirements_cache": str(folder / "packages"),
            # Steps are found by their names in the wheel; this process's __main__ is the command, and no part of them.
            "save_main_session": False,
        }

    def _job_name(self, folder: str) -> str:
        return job_name(self._target.outputs.environment, folder)

    def _start(self, pipeline: Any, name: str) -> Any:
        from apache_beam.runners.dataflow.internal.apiclient import DataflowJobAlreadyExistsError
        from apache_beam.utils.processes import CalledProcessError

        try:
            return pipeline.run()
        except DataflowJobAlreadyExistsError:
            raise CommandError(
                f"A Dataflow job {name} runs already: wait for its end, then {AGAIN}.", ExitCode.PARTLY_DONE
            ) from None
        except (CalledProcessError, RuntimeError) as error:
            if "pip" not in str(error):
                raise
            raise CommandError(
                "pip could not fetch the packages for Dataflow's workers: check that a package index can be reached."
            ) from error


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


def job_name(environment: str, folder: str) -> str:
    """The name of the job that loads to a folder of the landing bucket: at most 63 of a-z, 0-9 and -."""
    text = re.sub(r"[^a-z0-9]+", "-", f"load-{environment}-{folder}".lower())
    return text[:_LONGEST_NAME].strip("-")


def _temp_bucket(target: Connection) -> str:
    if target.emulated:
        raise UsageError("The emulator has no Dataflow: take --runner direct, which runs the same pipeline here.")
    bucket = target.outputs.temp_bucket
    if bucket is None:
        raise CommandError(
            f"Stack {target.outputs.stack} is not made for Dataflow: run `pulumi config set"
            f" healthcare-cloud-poc:dataflow true --stack {target.outputs.stack}` and `pulumi up`."
        )
    return bucket


def _region(location: str) -> str:
    if re.fullmatch(r"[a-z]+-[a-z]+[0-9]+", location):
        return location
    raise UsageError(f"The stack's location {location} is no region: say with --region where Dataflow is to run.")

"""What the workers of a pipeline are given: the list of work, Beam's options, this project's code and its packages."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from infra.outputs import Endpoints
from scripts.chestxrays.beam import dataflow
from scripts.chestxrays.beam.carrying import failure_of
from scripts.chestxrays.beam.dataflow import DataflowRunner, Machines, job_name
from scripts.chestxrays.beam.work import Film, film_line, film_of, outcome_line, outcome_of
from scripts.chestxrays.beam.worker_package import PACKAGES, write_requirements, write_wheel
from scripts.chestxrays.cloud_images import CloudFile
from scripts.chestxrays.films import ConvertedFilm, Converter
from scripts.chestxrays.images import ImageFile, Member
from scripts.chestxrays.public import PublicFilm
from scripts.chestxrays.records import Box, FilmRecord
from scripts.connection import Connection
from scripts.errors import CommandError, UsageError
from scripts.loading.sources import RemoteObject
from scripts.loading.uploading import Outcome, Stored
from tests.scripts.outputs import outputs_for

ROOT = Path(__file__).resolve().parents[3]
CONVERTER = Converter(workers=0)
CLIENT = storage.Client("some-project", AnonymousCredentials())
FULL = FilmRecord(
    "00000001_000.png", "00000001", 2, ("Mass", "Nodule"), 58, "F", "PA", 2682, 2749, (0.143, 0.143),
    (Box("Mass", 1.5, 2.0, 30.25, 4.0),), "test", "v2020",
)  # fmt: skip
BARE = FilmRecord("größe.png", "A-7", version="clinic")
REMOTE = RemoteObject("public", "png/00000001_000.png", 7, "AAAAAA==", "some-project")


@pytest.mark.parametrize(
    "film",
    [
        ConvertedFilm(FULL, ImageFile("/nih", "images_001/images/00000001_000.png", 9), "nih", CONVERTER),
        ConvertedFilm(BARE, ImageFile("/a.zip", "b.png", 9, Member(1, 2, 8, 3)), "nih", CONVERTER),
        ConvertedFilm(FULL, CloudFile("gs://b", "nih/1.png", 9, None, "AAAAAA==", CLIENT), "nih", CONVERTER),
        ConvertedFilm(BARE, CloudFile("gs://b/a.zip", "1.png", 9, Member(1, 2, 0, 3), "", CLIENT), "", CONVERTER),
        PublicFilm(REMOTE, "nih", CLIENT.bucket("public", user_project="some-project"), FULL, CONVERTER),
        PublicFilm(REMOTE, "nih", CLIENT.bucket("public", user_project="some-project")),
    ],
)
def test_a_film_comes_out_of_its_line_as_it_went_in(film: Film) -> None:
    line = film_line(film)
    assert "\n" not in line
    read = film_of(line, CONVERTER, CLIENT)
    assert read == film
    assert (read.object_name, read.fixed_version) == (film.object_name, film.fixed_version)


FILM = ConvertedFilm(FULL, ImageFile("/nih", "1.png", 9), "nih", CONVERTER)
BEFORE = Stored(5, "old", 1, None)
NOW = Stored(7, "new", 2, None)


@pytest.mark.parametrize(
    ("outcome", "seen", "held", "wanted"),
    [
        (Outcome("", 7, "new"), None, None, Outcome("", 7, "new")),
        (Outcome("", 7, "new"), BEFORE, BEFORE, Outcome("", 7, "new")),
        (Outcome("", 0, "new"), NOW, None, Outcome("", 7, "new")),  # a first attempt had sent it
        (Outcome("", 0, "old"), BEFORE, BEFORE, Outcome("", 0, "old")),
        (Outcome("The PNG is damaged"), None, None, Outcome("The PNG is damaged")),
    ],
)
def test_a_film_is_sent_if_the_bucket_did_not_hold_it_before(
    outcome: Outcome, seen: Stored | None, held: Stored | None, wanted: Outcome
) -> None:
    line = outcome_line(FILM, outcome, seen)
    assert outcome_of(line, {FILM.object_name: held} if held else {}) == (FILM.object_name, wanted)


def test_a_worker_s_sentence_is_found_in_what_beam_makes_of_it() -> None:
    text = "Traceback ...\nscripts.errors.CommandError: No writing today. [while running 'Bring films-ptransform-8']\n"
    assert str(failure_of(RuntimeError(text))) == "No writing today."
    assert str(failure_of(CommandError("No writing today. [while running 'Bring films']"))) == "No writing today."
    said = str(failure_of(RuntimeError("Jane Doe")))
    assert "RuntimeError" in said
    assert "Jane" not in said


def test_the_wheel_holds_all_that_the_steps_import(tmp_path: Path) -> None:
    """Installed without a network or build tools, beside the packages of Beam's image and the pinned ones alone."""
    wheel, site = write_wheel(tmp_path), tmp_path / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--quiet",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(pip, check=True, cwd=tmp_path)
    code = (
        "import sys, scripts.chestxrays.beam.steps as steps, scripts.chestxrays.convert as convert, infra\n"
        "from pathlib import Path\n"
        f"assert all(Path(each.__file__).is_relative_to({str(site)!r}) for each in (steps, convert, infra))\n"
        "from scripts.chestxrays.records import FilmRecord\n"
        "import numpy, imagecodecs\n"
        "png = imagecodecs.png_encode(numpy.zeros((16, 16), 'uint8'))\n"
        "data = convert.to_dicom(png, FilmRecord('1.png', '1', findings=('Mass',), version='v2020'))\n"
        "assert data[128:132] == b'DICM'\n"
        "print([name for name in ('typer', 'pulumi', 'duckdb', 'rich') if name in sys.modules])\n"
    )
    environment = {"PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_wheel_is_the_same_for_the_same_code(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (write_wheel(tmp_path / name) for name in ("one", "two"))
    assert (one.name, one.read_bytes()) == (two.name, two.read_bytes())
    names = zipfile.ZipFile(one).namelist()
    assert not [name for name in names if name.startswith(("tests/", "emulator/services/", "infra/environment"))]


def test_the_workers_packages_have_the_versions_of_requirements_txt(tmp_path: Path) -> None:
    pins = write_requirements(tmp_path).read_text().splitlines()
    assert sorted(pin.partition("==")[0] for pin in pins) == sorted(PACKAGES)
    assert set(pins) <= {line.split(" ")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()}


def test_what_is_tested_is_what_is_installed() -> None:
    beam = [
        {line.split(" ")[0] for line in (ROOT / name).read_text().splitlines() if line.startswith("apache-beam")}
        for name in ("requirements-dataflow.txt", "requirements-dev.txt")
    ]
    assert beam[0] == beam[1] != set()


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A stack on Google Cloud that is made for Dataflow, where its client is installed."""
    monkeypatch.setattr(dataflow, "_is_installed", lambda _: True)
    outputs = dataclasses.replace(outputs_for(None), temp_bucket="some-project-temp", labels={"environment": "dev"})
    return Connection(outputs, Endpoints())


def test_a_job_runs_as_the_loader_in_the_stack_s_region_and_bucket(ready: Connection, tmp_path: Path) -> None:
    from apache_beam.options import pipeline_options as beam

    options = DataflowRunner(ready, Machines("e2-standard-2", 10)).options("load-dev-nih", tmp_path)
    parsed = beam.PipelineOptions([], **options)
    cloud, workers = parsed.view_as(beam.GoogleCloudOptions), parsed.view_as(beam.WorkerOptions)
    setup: Any = parsed.view_as(beam.SetupOptions)
    assert (cloud.project, cloud.region, cloud.job_name) == ("some-project", "us-central1", "load-dev-nih")
    assert cloud.service_account_email == "loader@some-project.iam.gserviceaccount.com"
    assert {cloud.temp_location, cloud.staging_location} == {
        "gs://some-project-temp/temp",
        "gs://some-project-temp/staging",
    }
    assert cloud.labels == ["environment=dev"]
    assert (workers.machine_type, workers.max_num_workers, workers.use_public_ips) == ("e2-standard-2", 10, False)
    assert [Path(each).parent for each in (*setup.extra_packages, setup.requirements_file)] == [tmp_path, tmp_path]
    # Every option is one that Beam knows: it drops others without a word.
    assert set(options) <= set(beam.PipelineOptions([]).get_all_options())


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"temp_bucket": None}, CommandError, "dataflow true --stack dev` and `pulumi up`"),
        ({"location": "eu"}, UsageError, "eu is no region: say with --region"),
    ],
)
def test_a_stack_that_can_t_have_a_job_says_why(
    ready: Connection, change: dict[str, Any], error: type[CommandError], said: str
) -> None:
    target = Connection(dataclasses.replace(ready.outputs, **change), Endpoints())
    with pytest.raises(error) as caught:
        DataflowRunner(target, Machines("e2-standard-2", 10))
    assert said in str(caught.value)


def test_without_the_client_of_dataflow_the_way_to_it_is_said(
    ready: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataflow, "_is_installed", lambda module: module != "google.cloud.dataflow")
    with pytest.raises(CommandError, match=r"pip install -r requirements-dataflow\.txt"):
        DataflowRunner(ready, Machines("e2-standard-2", 10))


def test_dataflow_can_t_read_this_machine_s_files(ready: Connection) -> None:
    with pytest.raises(UsageError, match="give its gs:// place"):
        DataflowRunner(ready, Machines("e2-standard-2", 10)).check([FILM])


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("nih-chest-xrays", "load-dev-nih-chest-xrays"),
        ("Klinik Süd/2026", "load-dev-klinik-s-d-2026"),
        ("", "load-dev"),
    ],
)
def test_a_job_s_name_is_one_that_dataflow_takes(folder: str, name: str) -> None:
    assert job_name("dev", folder) == name
    assert len(job_name("dev", folder * 20)) <= 63

"""The library as a notebook uses it: a kind of source is made and chooses, and what it chose is loaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import storage
from pydicom.data import get_testdata_file

from scripts.chestxrays.films import Converter
from scripts.chestxrays.labelling import load_labels_of
from scripts.chestxrays.rehearsal import write_set
from scripts.chestxrays.selection import Selection
from scripts.connection import connect
from scripts.errors import UsageError
from scripts.loading import choosing
from scripts.loading.chosen import Chosen, together
from scripts.loading.kinds.cloud_set import CloudSet
from scripts.loading.kinds.dicom_files import DicomFiles
from scripts.loading.kinds.image_set import ImageSet
from scripts.loading.kinds.kind import Kind
from scripts.loading.kinds.public_bucket import PublicBucket
from scripts.loading.kinds.samples import Samples
from scripts.loading.kinds.synthetic_films import SyntheticFilms
from scripts.loading.running import run_load
from scripts.loading.wish import PublicFormat, SourceKind, SyntaxName, Wish
from tests.scripts.conftest import Live
from tests.support.emulator import ROOT

FILMS, SIDE = 6, 16


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set in Kaggle's layout, with the real one's oddities."""
    folder = tmp_path_factory.mktemp("kinds") / "data"
    write_set(folder, FILMS, SIDE)
    return folder


def dicom_files(folder: Path, _rehearsal: Path, _landing: storage.Bucket) -> Kind:
    shutil.copy(str(get_testdata_file("CT_small.dcm")), folder)
    return DicomFiles(folder, "kinds-files")


def image_set(_folder: Path, rehearsal: Path, _landing: storage.Bucket) -> Kind:
    return ImageSet(rehearsal, "kinds-images", Selection(first=3))


def cloud_set(_folder: Path, rehearsal: Path, landing: storage.Bucket) -> Kind:
    for path in rehearsal.rglob("*"):
        if path.is_file():
            landing.blob(f"kinds-origin/{path.relative_to(rehearsal)}").upload_from_filename(str(path))
    return CloudSet(f"gs://{landing.name}/kinds-origin", "kinds-cloud", Selection(first=2))


def samples(_folder: Path, _rehearsal: Path, _landing: storage.Bucket) -> Kind:
    return Samples(number=2, prefix="kinds-samples")


def synthetic_films(_folder: Path, _rehearsal: Path, _landing: storage.Bucket) -> Kind:
    return SyntheticFilms(2, "kinds-synthetic")


@pytest.mark.parametrize(
    ("make", "number", "whole"),
    [
        (dicom_files, 1, True),
        (image_set, 3, False),
        (cloud_set, 2, False),
        (samples, 2, True),
        (synthetic_films, 2, False),
    ],
)
def test_each_kind_chooses_what_can_be_loaded(
    live: Live,
    landing: storage.Bucket,
    rehearsal: Path,
    tmp_path: Path,
    make: Callable[[Path, Path, storage.Bucket], Kind],
    number: int,
    whole: bool,
) -> None:
    kind = make(tmp_path, rehearsal, landing)
    with connect(None, live.path) as target, Converter() as converter:
        chosen = kind.choose(target, converter)
        done = run_load(target, chosen.sources, then_import=True)
        load_labels_of(target, chosen, done)
    assert (len(chosen.sources), chosen.whole) == (number, whole)
    assert (done.report.loaded, done.report.failed, done.report.left) == (number, [], 0)
    assert len(done.imports) == 1
    names = {blob.name for blob in landing.list_blobs(prefix=str(getattr(kind, "prefix", "")))}
    assert {source.object_name for source in chosen.sources} <= names


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        (Wish(SourceKind.PUBLIC, None, Selection()), PublicBucket()),
        (
            Wish(SourceKind.PUBLIC, Path("lists"), Selection(first=1), format_=PublicFormat.PNG, prefix="p"),
            PublicBucket(PublicFormat.PNG, Path("lists"), "p", Selection(first=1)),
        ),
        (
            Wish(SourceKind.FOLDER, Path("gs://bucket/set"), Selection(), labels="l"),
            CloudSet("gs://bucket/set", labels="l"),
        ),
        (Wish(SourceKind.KAGGLE, Path("data.zip"), Selection()), ImageSet(Path("data.zip"))),
        (Wish(SourceKind.FOLDER, Path("nowhere"), Selection(), prefix="p"), DicomFiles(Path("nowhere"), "p")),
        (Wish(SourceKind.FOLDER, None, Selection(), sample=True), None),
    ],
)
def test_a_path_and_a_source_name_one_kind(wish: Wish, kind: Kind | None) -> None:
    found = [made for each in choosing.NAMED if (made := each.of(wish)) is not None]
    assert found[:1] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(SourceKind.FOLDER, None, Selection(), sample=True, format_=PublicFormat.PNG), "--format is for"),
        (Wish(SourceKind.FOLDER, None, Selection(first=1), sample=True), "need a list of films"),
        (Wish(SourceKind.FOLDER, Path("nowhere"), Selection(), syntax=SyntaxName.JPEG_LS), "loaded as they are"),
        (Wish(SourceKind.PUBLIC, None, Selection(), syntax=SyntaxName.JPEG_LS), "loaded as they are"),
        (Wish(SourceKind.PUBLIC, None, Selection(), sample=True), "files of their own"),
        (Wish(SourceKind.KAGGLE, None, Selection()), "needs the folder or the zip"),
    ],
)
def test_what_does_not_fit_is_refused(live: Live, wish: Wish, message: str) -> None:
    with connect(None, live.path) as target, Converter() as converter, pytest.raises(UsageError, match=message):
        choosing.choose(target, wish, converter)


def test_kinds_are_put_together_in_their_order() -> None:
    one, other = Chosen(problems=("a",), remarks=("b",)), Chosen(whole=False, problems=("c",), passed_over=("d",))
    both = together([one, other])
    assert (both.problems, both.remarks, both.passed_over, both.whole) == (("a", "c"), ("b",), ("d",), False)


def test_the_library_needs_no_command_line() -> None:
    program = (
        "import sys, pkgutil, importlib, scripts.loading, scripts.chestxrays\n"
        "for package in (scripts.loading, scripts.chestxrays):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if '.beam' not in module.name:\n"
        "            importlib.import_module(module.name)\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'typer' or name == 'scripts.commands'])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

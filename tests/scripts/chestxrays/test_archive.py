"""Sets as people have them on disk."""

from __future__ import annotations

import dataclasses
import io
import multiprocessing
import pickle
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from scripts.chestxrays.archive import Archive, open_archive
from scripts.chestxrays.errors import ReadError
from scripts.chestxrays.images import ImageFile, list_zip
from scripts.chestxrays.rehearsal import Zips, write_set
from scripts.chestxrays.uids import instance_uid, is_nih, patient_uid, series_uid, study_uid
from scripts.errors import UsageError
from tests.scripts.chestxrays.films import png


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    write_set(folder, 60, 16)
    return folder


def contents(archive: Archive) -> dict[str, bytes]:
    return {record.index: file.read() for record, file in archive}


def test_kaggles_folders(unpacked: Path) -> None:
    archive = open_archive(unpacked)
    assert archive.version == "v2020"
    assert len(archive) == 59
    assert [record.index for record, _ in archive] == sorted(record.index for record in archive.films)
    assert archive.missing == ("00050003_000.png",)
    assert archive.unlabelled == ("images_001/images/00050003_999.png",)
    assert archive.problems == ()
    assert archive.size == sum(len(data) for data in contents(archive).values())
    assert {record.split for record in archive.films} == {"train_val", "test"}


def test_the_older_labels_by_choice(unpacked: Path) -> None:
    archive = open_archive(unpacked, labels="2017")
    assert {record.version for record in archive.films} == {"2017"}
    assert open_archive(unpacked, labels="Data_Entry_2017.csv").films == archive.films


def test_many_zips_read_by_many_threads(tmp_path: Path) -> None:
    """More zips than are kept open, each opened by several threads at once: nobody closes what another reads."""
    files: list[ImageFile] = []
    for number in range(48):
        path = tmp_path / f"{number}.zip"
        with ZipFile(path, "w") as packed:
            packed.writestr("film.dcm", str(number) * 50)
        files += list_zip(path).files
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(ImageFile.read, [file for file in files * 20 for _ in range(2)]))
    assert read == [(str(number) * 50).encode() for number in range(48) for _ in range(2)] * 20


@pytest.mark.parametrize("zips", ["one", "each"])
def test_zips_are_read_in_place(unpacked: Path, tmp_path: Path, zips: Zips) -> None:
    write_set(tmp_path, 60, 16, zips=zips)
    packed, plain = open_archive(tmp_path), open_archive(unpacked)
    assert packed.films == plain.films
    assert contents(packed) == contents(plain)
    assert packed.missing == plain.missing
    if zips == "one":
        assert contents(open_archive(tmp_path / "archive.zip")) == contents(plain)


def test_the_sample_with_its_images_twice(tmp_path: Path) -> None:
    write_set(tmp_path, 12, 16, layout="sample")
    again = tmp_path / "sample" / "sample"
    (again / "images").mkdir(parents=True)
    for path in (tmp_path / "sample" / "images").iterdir():
        (again / "images" / path.name).write_bytes(path.read_bytes())
    archive = open_archive(tmp_path)
    assert (archive.version, len(archive), len(archive.missing), len(archive.unlabelled)) == ("sample", 11, 1, 2)
    assert archive.problems == ()


def test_a_folder_with_a_list_of_ones_own(tmp_path: Path) -> None:
    for name in ("a.png", "ward/a.png", "ward/b.PNG", "c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "notes.csv").write_text("day,weather\n1,rain\n")
    (tmp_path / "films.csv").write_text('"image",patient\nward/a.png,1\nb.PNG,2\nc.jpg,3\nd.png,4\n')
    archive = open_archive(tmp_path, name="Clinic")
    assert contents(archive) == {"ward/a.png": b"ward/a.png", "b.PNG": b"ward/b.PNG", "c.jpg": b"c.jpg"}
    assert {record.version for record in archive.films} == {"Clinic"}
    assert archive.missing == ("d.png",)
    assert archive.unlabelled == ("a.png",)


def test_a_name_that_two_different_files_have_is_reported(tmp_path: Path) -> None:
    for folder, data in (("one", b"1"), ("two", b"22")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(data)
    (tmp_path / "films.csv").write_text("image\na.png\n")
    archive = open_archive(tmp_path)
    assert len(archive) == 0
    assert "more than once" in archive.problems[0]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no images and no list of films"),
        ({"a.csv": "image\n", "b.csv": "image\n"}, r"several lists: name one of a\.csv, b\.csv"),
        ({"a.csv": "day\n"}, r"a\.csv, which has no column of image names that is known here \(it has `day`\)"),
    ],
)
def test_a_folder_without_one_list_is_refused(tmp_path: Path, files: dict[str, str], said: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=said):
        open_archive(tmp_path)


def test_a_list_that_is_not_there_is_refused(unpacked: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no sample_labels\.csv"):
        open_archive(unpacked, labels="sample")


def test_no_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 cut off")
    for name, said in (("none", "does not exist"), ("x.txt", "is no zip"), ("cut.zip", "is no whole zip")):
        with pytest.raises(UsageError, match=said):
            open_archive(tmp_path / name)


def test_nihs_tars_are_to_be_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "images_01.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("images/00000001_000.png")
        tar.addfile(info, io.BytesIO())
    (tmp_path / "Data_Entry_2017.csv").write_text("")
    for path in (tmp_path, tmp_path / "images_01.tar.gz"):
        with pytest.raises(UsageError, match=r"unpack it with `tar -xf images_01\.tar\.gz`"):
            open_archive(path)


def listed_zip(folder: Path, compression: int = ZIP_DEFLATED) -> Path:
    with ZipFile(folder / "films.zip", "w", compression) as packed:
        packed.writestr("films.csv", "image\na.png\nb.png\n")
        packed.writestr("x/a.png", png())
        packed.writestr("x/b.png", png())
    return folder / "films.zip"


def test_a_member_that_leads_out_is_left_out(tmp_path: Path) -> None:
    with ZipFile(listed_zip(tmp_path), "a") as packed:
        packed.writestr("../../etc/c.png", png())
        packed.writestr("/d.png", png())
        packed.writestr("__MACOSX/x/._a.png", b"")
    archive = open_archive(tmp_path / "films.zip")
    assert len(archive) == 2
    assert archive.unlabelled == ()
    assert [("leads out of the zip" in problem) for problem in archive.problems] == [True, True]


def test_a_zip_in_a_zip_is_reported(tmp_path: Path) -> None:
    with ZipFile(listed_zip(tmp_path), "a") as packed:
        packed.writestr("x/more.zip", b"")
    for place in (tmp_path, tmp_path / "films.zip"):
        assert open_archive(place).problems == (
            "films.zip holds more.zip, a zip in a zip, which was left out: unpack films.zip and give the folder.",
        )


@pytest.mark.parametrize("name", ["sample", "2017", "v2020", "nih-chest-xrays"])
def test_ones_own_folder_of_nihs_name_is_not_nihs(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "a.png").write_bytes(png())
    (tmp_path / name / "films.csv").write_text("image\na.png\n")
    ((record, _),) = open_archive(tmp_path / name)
    assert not is_nih(record)
    nih = dataclasses.replace(record, version="v2020")
    levels = (patient_uid, study_uid, series_uid, instance_uid)
    assert not {uid(record) for uid in levels} & {uid(nih) for uid in levels}


def test_an_unusual_packing_is_reported(tmp_path: Path) -> None:
    with ZipFile(listed_zip(tmp_path), "a") as packed:
        packed.writestr("x/c.png", png(), ZIP_BZIP2)
    assert "packed in an unusual way" in open_archive(tmp_path / "films.zip").problems[0]


@pytest.mark.parametrize("compression", [ZIP_DEFLATED, ZIP_STORED])
def test_damage_in_a_zip_hits_its_own_film_only(tmp_path: Path, compression: int) -> None:
    path = listed_zip(tmp_path, compression)
    archive = open_archive(path)
    (_, first), (_, second) = archive
    assert first.member
    with path.open("r+b") as file:
        file.seek(first.member.offset + 80)
        file.write(bytes(30))
    with pytest.raises(ReadError, match=r"Its bytes in films\.zip are damaged"):
        first.read()
    assert second.read() == png()


def test_a_zip_that_was_cut_off_later_is_reported(tmp_path: Path) -> None:
    path = listed_zip(tmp_path)
    files = [file for _, file in open_archive(path)]
    with path.open("r+b") as file:
        file.truncate(40)
    for file_ in files:
        with pytest.raises(ReadError, match="damaged"):
            file_.read()


def test_a_member_that_unpacks_to_more_than_it_said_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "bomb.zip", "w", ZIP_DEFLATED) as packed:
        packed.writestr("a.png", bytes(50_000_000))
    with ZipFile(tmp_path / "bomb.zip") as packed:
        info = packed.infolist()[0]
    from scripts.chestxrays.images import Member

    lying = ImageFile(
        str(tmp_path / "bomb.zip"), "a.png", 10, Member(info.header_offset, info.compress_size, ZIP_DEFLATED, info.CRC)
    )
    with pytest.raises(ReadError, match="damaged"):
        lying.read()


def test_a_file_that_is_gone_is_reported(unpacked: Path) -> None:
    with pytest.raises(ReadError, match="cannot be read: No such file"):
        ImageFile(str(unpacked), "gone.png", 3).read()


def _read(file: ImageFile) -> bytes:
    return file.read()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_read_a_zip_that_the_parent_has_open(tmp_path: Path, method: str) -> None:
    write_set(tmp_path, 40, 16, zips="one")
    archive = open_archive(tmp_path)
    files = [file for _, file in archive]
    here = [file.read() for file in files]
    assert [pickle.loads(pickle.dumps(file)) for file in files] == files  # noqa: S301 - our own
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_read, files, chunksize=1) == here

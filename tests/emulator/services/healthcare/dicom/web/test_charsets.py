"""Names in the character sets of DICOM, found exactly, by each component group and by the start of their words."""

from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_charset_files

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made

FILES = sorted({Path(path) for path in get_charset_files("*.dcm")}, key=lambda path: path.name)


def with_uids(path: Path) -> tuple[pydicom.Dataset, bytes]:
    """Read a file of pydicom's character sets, which lack UIDs; give it with them."""
    from io import BytesIO

    dataset = pydicom.dcmread(path, force=True)
    dataset.ensure_file_meta()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "1.2.1", "1.2.1.1", "1.2.1.1.1"
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    target = BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return dataset, target.getvalue()


NAMED = [path for path in FILES if pydicom.dcmread(path, force=True).get("PatientName")]


@pytest.mark.parametrize("path", NAMED, ids=lambda path: path.name)
def test_a_name_of_each_shipped_character_set_is_found(store: Store, path: Path) -> None:
    dataset, data = with_uids(path)
    name = dataset.PatientName
    assert store.post(data).status_code == 200
    (row,) = store.get("studies").json()
    (shown,) = row["00100010"]["Value"]
    groups = [group for group in str(name).split("=") if group]
    assert [shown[key] for key in ("Alphabetic", "Ideographic", "Phonetic") if key in shown] == groups
    for wanted in {*groups, str(name)}:
        assert store.get("studies", PatientName=wanted).status_code == 200, wanted
        assert store.get("studies", PatientName=f"{wanted}x").status_code == 204
    words = [word for group in groups for word in group.replace("^", " ").split()]
    for word in words:
        found = store.get("studies", PatientName=word[: max(1, len(word) // 2)], fuzzymatching="true")
        assert found.status_code == 200, word


@pytest.mark.parametrize(
    ("name", "asked", "found"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "yama", True),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山", True),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "田", False),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "たろ", True),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "まだ", False),
        ("=がとう^花=", "か", False),
        ("=がとう^花=", "が", True),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", "ヤマダ", True),
        ("Hong^Gildong=洪^吉洞=홍^길동", "길", True),
        ("Hong^Gildong=洪^吉洞=홍^길동", "기", False),
        ("İnci^Şule", "inc sul", True),
        ("Йован", "йо", True),
        ("Διονυσιος", "διον", True),
        ("Σίσυφος", "σισυφοσ", True),
        ("Ångström^Åke", "angs", True),
        ("STRASSE^A", "straß", True),
        ("Doe^Jane", "jane doe", True),
        ("Doe^Jane", "x jan", True),
        ("Doe^Jane", "ane", False),
    ],
)
def test_words_begin_alike_whatever_their_script(store: Store, name: str, asked: str, found: bool) -> None:
    assert store.post(made(PatientName=name)).status_code == 200
    answer = store.get("studies", PatientName=asked, fuzzymatching="true")
    assert answer.status_code == (200 if found else 204)

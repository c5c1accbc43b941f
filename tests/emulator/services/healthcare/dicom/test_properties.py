"""Generated datasets: what is stored, found and shown is compared with a plain model made of pydicom's datasets."""

import itertools
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import file_of, instance

WORDS = st.sampled_from(["Doe", "Jane", "Müller", "Žižka", "Ли", "山田", "O'Neil", "de la Cruz", "Å", "x1"])
NAMES = st.lists(WORDS, min_size=0, max_size=3).map("^".join)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\\^="), max_size=12)
CODES = st.sampled_from(["", "DX", "CT", "MR", "US"])
DATES = st.dates(date(1900, 1, 1)).map(lambda day: day.strftime("%Y%m%d")) | st.just("")
NUMBERS = st.integers(-(2**31), 2**31 - 1)
ITEMS = st.fixed_dictionaries(
    {}, optional={"CodeValue": TEXT, "CodeMeaning": TEXT, "MappingResourceUID": st.just("1.2.840.1")}
)
FILMS = st.fixed_dictionaries(
    {"study": st.integers(1, 3), "series": st.integers(1, 2), "PatientName": NAMES, "PatientID": TEXT},
    optional={
        "Modality": CODES,
        "StudyDate": DATES,
        "AccessionNumber": TEXT,
        "ReferringPhysicianName": NAMES,
        "StudyDescription": TEXT,
        "ImageType": st.lists(st.sampled_from(["ORIGINAL", "PRIMARY", "AXIAL"]), max_size=3),
        "InstanceNumber": NUMBERS,
        "SliceThickness": st.floats(-1e6, 1e6, width=32).map(lambda number: f"{number:.4f}"[:16]),
        "DoubleFloatPixelPaddingValue": st.floats(),
        "SimpleFrameList": st.lists(st.integers(0, 2**32 - 1), max_size=4),
        "ProcedureCodeSequence": st.lists(ITEMS, max_size=2),
    },
)
DOCUMENTED = ("PatientID", "AccessionNumber", "ReferringPhysicianName", "StudyDate", "PatientName")
_round = itertools.count(1)


def dataset(film: dict[str, Any], number: int, root: str) -> Dataset:
    """Make the dataset of a generated film."""
    study = f"{root}.{film.pop('study')}"
    series = f"{study}.{film.pop('series')}"
    items = film.pop("ProcedureCodeSequence", None)
    made = instance(study=study, series=series, uid=f"{series}.{number}", **film)
    if items is not None:
        sequence = [Dataset() for _ in items]
        for target, item in zip(sequence, items, strict=True):
            for keyword, value in item.items():
                setattr(target, keyword, value)
        made.ProcedureCodeSequence = Sequence(sequence)
    return made


def plain(elements: dict[str, Any]) -> dict[str, Any]:
    """Write DICOM JSON in one way: no empty values, numbers as numbers, bulk data and group 0002 left out."""
    shown: dict[str, Any] = {}
    for tag, element in elements.items():
        if tag.startswith("0002") or "BulkDataURI" in element or "InlineBinary" in element:
            continue
        values = [_plain_value(element["vr"], value) for value in element.get("Value", [])]
        while values and values[-1] in (None, "", {}) and element["vr"] != "SQ":
            values.pop()
        shown[tag] = (element["vr"], values)
    return shown


def _plain_value(vr: str, value: Any) -> Any:
    if vr == "SQ":
        return plain(value or {})
    if vr == "FD":
        return repr(float(value))  # what is no number in JSON is a string there: NaN, Infinity
    if vr == "DS":
        return str(value) if isinstance(value, str) else repr(float(value))
    return value


def text(made: Dataset, keyword: str) -> str:
    return str(made.get(keyword) or "")


def check_names_and_dates(store: Store, uid: str, first: Dataset) -> None:
    """A study is found by the start of each word of its name, in any case, and by each range around its date."""

    def found(**parameters: str) -> bool:
        return store.get("studies", StudyInstanceUID=uid, **parameters).status_code == 200

    words = text(first, "PatientName").replace("^", " ").split()
    for word in words:
        for asked in (word, word[:1], word.upper(), f"{word[:2].lower()} qqq"):
            assert found(PatientName=asked, fuzzymatching="true"), asked
        assert not found(PatientName=f"{word}qqq", fuzzymatching="true")
    assert not words or not found(PatientName="qqq", fuzzymatching="true")
    if day := text(first, "StudyDate"):
        for asked in (f"{day}-", f"-{day}", f"{day}-{day}", "18000101-99991231"):
            assert found(StudyDate=asked), asked
        later = f"{int(day[:4]) + 1}0101"
        assert not found(StudyDate=f"{later}-")
        assert not found(StudyDate=f"-{int(day[:4]) - 1}1231")


@settings(
    max_examples=15,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(FILMS, min_size=1, max_size=5))
def test_store_search_and_metadata_agree_with_a_plain_model(store: Store, films: list[dict[str, Any]]) -> None:
    root = f"1.2.{next(_round)}"
    made = [dataset(dict(film), number, root) for number, film in enumerate(films, 1)]
    for one in made:
        answer = store.post(file_of(one))
        assert answer.status_code == 200, answer.text
    studies: dict[str, Dataset] = {}
    for one in made:
        studies.setdefault(str(one.StudyInstanceUID), one)  # a study is what its first instance says
    for uid, first in studies.items():
        inside = [one for one in made if one.StudyInstanceUID == uid]
        shown = {row["00080018"]["Value"][0]: row for row in store.get(f"studies/{uid}/metadata").json()}
        assert set(shown) == {str(one.SOPInstanceUID) for one in inside}
        for one in inside:
            assert plain(shown[str(one.SOPInstanceUID)]) == plain(one.to_json_dict()), one.SOPInstanceUID
        for keyword in DOCUMENTED:
            if value := text(first, keyword):
                found = store.get("studies", **{keyword: value, "StudyInstanceUID": uid})
                assert [row["0020000D"]["Value"] for row in found.json()] == [[uid]], keyword
        check_names_and_dates(store, uid, first)
        for one in inside:
            (row,) = store.get(
                f"studies/{uid}/instances", SOPInstanceUID=str(one.SOPInstanceUID), includefield="all"
            ).json()
            added = {tag: row.pop(tag) for tag in ("00081190", "00080056")}
            assert added["00081190"]["Value"][0].endswith(str(one.SOPInstanceUID))
            assert plain(row) == plain(one.to_json_dict())
        series = {str(one.SeriesInstanceUID) for one in inside}
        rows = store.get(f"studies/{uid}/series").json()
        assert {row["0020000E"]["Value"][0] for row in rows} == series
        instances = store.get(f"studies/{uid}/instances", limit=2).json()
        assert len(instances) == min(2, len(inside))
    everything = {str(one.SOPInstanceUID) for one in made}
    rows = [row for uid in studies for row in store.get("instances", StudyInstanceUID=uid).json()]
    assert {row["00080018"]["Value"][0] for row in rows} == everything

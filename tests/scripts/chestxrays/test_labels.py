"""The lists in their real shapes, and the lines that can't be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.chestxrays.labels import Labels, finding_named, read_boxes, read_films, read_split
from scripts.chestxrays.records import FINDINGS, NO_FINDING, TEST, TRAIN, Box, FilmRecord
from scripts.errors import UsageError

HEAD_2017 = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
)
HEAD_2020 = HEAD_2017.rstrip(",").replace("Gender", "Sex")
HEAD_SAMPLE = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImageWidth,"
    "OriginalImageHeight,OriginalImagePixelSpacing_x,OriginalImagePixelSpacing_y"
)
LINE = "00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729,0.14300000000000002,0.143"


def films(*lines: str, head: str = HEAD_2017, version: str = "2017") -> Labels:
    return read_films([f"{line}\r\n" for line in (head, *lines)], "list.csv", version)


def only(line: str, head: str = HEAD_2017, version: str = "2017") -> FilmRecord:
    read = films(line, head=head, version=version)
    assert read.problems == ()
    (record,) = read.records
    return record


def test_a_line_of_2017() -> None:
    assert only(LINE + ",") == FilmRecord(
        index="00000001_001.png",
        patient_id="00000001",
        follow_up=1,
        findings=("Cardiomegaly", "Emphysema"),
        age=58,
        sex="M",
        view="PA",
        width=2894,
        height=2729,
        spacing=(0.14300000000000002, 0.143),
        version="2017",
    )


def test_a_line_of_2020_says_the_same() -> None:
    record = only(LINE, HEAD_2020, "v2020")
    assert (record.sex, record.width, record.height, record.version) == ("M", 2894, 2729, "v2020")


@pytest.mark.parametrize(("age", "years"), [("060Y", 60), ("011M", 0), ("018M", 1), ("003D", 0), ("411Y", None)])
def test_a_line_of_the_sample(age: str, years: int | None) -> None:
    record = only(f"00000013_005.png,No Finding,005,13,{age},F,AP,3056,2544,0.139,0.139", HEAD_SAMPLE, "sample")
    assert (record.age, record.follow_up, record.patient_id) == (years, 5, "00000013")
    assert (record.width, record.height, record.spacing) == (3056, 2544, (0.139, 0.139))


@pytest.mark.parametrize(("age", "years"), [("0", 0), ("120", 120), ("121", None), ("411", None), ("", None)])
def test_impossible_ages_are_unknown(age: str, years: int | None) -> None:
    assert only(LINE.replace(",58,", f",{age},")).age == years


def test_no_finding_is_an_empty_tuple() -> None:
    assert only(LINE.replace("Cardiomegaly|Emphysema", "No Finding")).findings == ()


def test_a_byte_order_mark_and_empty_lines_do_no_harm() -> None:
    read = films("", LINE, ",,,", head="\ufeff" + HEAD_2017)
    assert (len(read.records), read.problems) == (1, ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("00000001_001.png,Cardiomegaly", "has 2 of 11 columns"),
        (LINE.replace("Emphysema", "Emphysena"), "none of the fourteen"),
        (LINE.replace("Cardiomegaly|Emphysema", ""), "has no finding, and not No Finding either"),
        (LINE.replace(",58,", ",old,"), "age that is no number"),
        (LINE.replace(",1,1,", ",x,1,"), "follow-up that is no whole number"),
        (LINE.replace(",1,1,", ",1,2,"), "another patient id than its image's name"),
        (LINE.replace("00000001_001.png", "film.png"), "no image name like"),
        (LINE.replace("00000001_001.png", ""), "no image name that can be written"),
        (LINE.replace("0.143", "nan"), "pixel spacing that is no number"),
        (LINE.replace("0.143", "0_143"), "pixel spacing that is no number"),
        (LINE.replace("0.143", "\u0660.143"), "pixel spacing that is no number"),
        (LINE.replace("2894", "-3"), "width or height that is no number"),
        (LINE.replace("00000001_001", "00000002_000").replace(",1,1,", ",0,2,"), "an earlier line names"),
    ],
)
def test_a_bad_line_is_left_out_and_named_without_its_content(line: str, said: str) -> None:
    good = LINE.replace("00000001_001", "00000002_000").replace(",1,1,", ",0,2,")
    read = films(good, line)
    assert [record.index for record in read.records] == ["00000002_000.png"]
    (problem,) = read.problems
    assert problem.startswith("list.csv, line 3: the line ")
    assert said in problem
    assert not any(value in problem for value in ("00000001", "58", "Emphysena", "2894"))


def test_a_list_without_its_columns_is_refused() -> None:
    with pytest.raises(UsageError, match=r"list\.csv has no column for the image's name, findings, patient"):
        films(LINE, head=LINE)


def test_a_list_of_ones_own_needs_the_image_only() -> None:
    assert only("ward/a.png", "file name", "mine") == FilmRecord("ward/a.png", "ward/a", version="mine")


def test_a_list_of_ones_own_may_have_more() -> None:
    record = only(
        "a.png,Hospital 7,female,pa,033Y,pleural thickening|Scar,test,2",
        "filename,patient_id,Sex,view,age,Labels,split,follow-up",
        "mine",
    )
    assert record == FilmRecord(
        "a.png", "Hospital 7", 2, ("Pleural_Thickening", "Scar"), 33, "F", "PA", split=TEST, version="mine"
    )


def test_a_patient_id_that_dicom_cannot_hold_is_left_out() -> None:
    read = films("a.png,back\\slash", f"b.png,{'x' * 65}", "c.png,7", head="image,patient", version="mine")
    assert ([record.index for record in read.records], len(read.problems)) == (["c.png"], 2)


def test_boxes() -> None:
    boxes, problems = read_boxes(
        [
            "Image Index,Finding Label,Bbox [x,y,w,h],,,\n",
            "00013118_008.png,Atelectasis,225.084745762712,547.019216763771,86.7796610169491,79.1864406779661\n",
            "00013118_008.png,Infiltrate,1,2,3,4,,,\n",
            "00014716_007.png,Mass,1,2,3\n",
            "00014716_007.png,Mass,1,2,0,4\n",
            "00014716_007.png,Mess,1,2,3,4\n",
        ],
        "BBox_List_2017.csv",
    )
    assert boxes == {
        "00013118_008.png": (
            Box("Atelectasis", 225.084745762712, 547.019216763771, 86.7796610169491, 79.1864406779661),
            Box("Infiltration", 1, 2, 3, 4),
        )
    }
    assert [problem.partition(": ")[0] for problem in problems] == [f"BBox_List_2017.csv, line {n}" for n in (4, 5, 6)]


def test_boxes_and_splits_join_their_films() -> None:
    box = Box("Mass", 1, 2, 3, 4)
    splits = read_split(["00000001_001.png\n", "\n", "00000009_000.png"], TRAIN)
    read = read_films([HEAD_2017, LINE], "list.csv", "2017", {"00000001_001.png": (box,)}, splits)
    assert (read.records[0].boxes, read.records[0].split) == ((box,), TRAIN)


@pytest.mark.parametrize("name", [*FINDINGS, NO_FINDING])
def test_findings_are_known_however_they_are_spelt(name: str) -> None:
    for spelt in (name, name.upper(), name.replace("_", " "), name.replace("_", "-").lower()):
        assert finding_named(spelt) == name


@given(st.lists(st.lists(st.text(max_size=12), max_size=12).map(",".join), max_size=8))
def test_any_lines_are_read_or_reported(lines: list[str]) -> None:
    read = films(*lines, LINE)
    for record in read.records:
        assert record.patient_id.isdigit()
    for problem in read.problems:
        assert problem.startswith("list.csv, line ")
        assert "\n" not in problem

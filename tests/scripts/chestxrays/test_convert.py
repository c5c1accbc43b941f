"""Every film a valid Digital X-Ray, with the image's own pixels."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import config
from pydicom.uid import UID

from scripts.chestxrays.convert import ConversionError, Syntax, to_dicom
from scripts.chestxrays.records import FINDINGS, Box, FilmRecord
from tests.scripts.chestxrays.films import RECORD, gradient, png, read, saved, verdict, with_

CASES = {
    "whole": RECORD,
    "AP": with_(view="AP"),
    "unknown view": with_(view=""),
    "unknown sex": with_(sex=""),
    "unknown age": with_(age=None),
    "new-born": with_(age=0),
    "no spacing": with_(spacing=None),
    "no original size": with_(width=None, height=None),
    "no finding": with_(findings=(), boxes=()),
    "all findings": with_(findings=FINDINGS),
    "release of 2020": with_(version="v2020"),
    "sample": with_(version="sample"),
    "own": with_(version="mine", index="films/a é.png", patient_id="Ward 7^3", findings=("Scar tissue",)),
    "own, bare": FilmRecord("x.jpg", "x" * 64, version="mine"),
    "late follow-up": with_(follow_up=183),
}
KNOWN_WARNINGS = (
    "Missing attribute or value that would be needed to build DICOMDIR - Study Date",
    "Missing attribute or value that would be needed to build DICOMDIR - Study Time",
    "Unrecognized defined term <99CHESTXRAY14>",
)


@pytest.mark.parametrize("syntax", Syntax)
@pytest.mark.parametrize("record", CASES.values(), ids=CASES)
def test_dciodvfy_finds_no_error(record: FilmRecord, syntax: Syntax, tmp_path: Path) -> None:
    errors, warnings = verdict(to_dicom(png(), record, syntax), tmp_path)
    assert errors == []
    assert [line for line in warnings if not any(known in line for known in KNOWN_WARNINGS)] == []


def test_dciodvfy_would_see_what_googles_conversion_lacks(tmp_path: Path) -> None:
    dataset = read(to_dicom(png(), RECORD))
    keywords = ("PatientName", "PatientBirthDate", "AccessionNumber", "PatientOrientation", "ImageLaterality")
    for keyword in keywords:
        del dataset[keyword]
    target = io.BytesIO()
    dataset.save_as(target)
    errors, _ = verdict(target.getvalue(), tmp_path)
    assert all(any(keyword in line for line in errors) for keyword in keywords)


ages = st.none() | st.integers(0, 120)
own_text = (
    st.text(st.characters(exclude_categories=["C"], exclude_characters="\\"), min_size=1, max_size=16)
    .map(str.strip)
    .filter(bool)
)


@given(
    index=own_text,
    patient=own_text,
    findings=st.lists(own_text | st.sampled_from(FINDINGS), unique=True, max_size=5),
    age=ages,
    follow_up=st.integers(0, 999_999_999),
    spacing=st.none() | st.tuples(st.floats(0.001, 99), st.floats(0.001, 99)),
    side=st.none() | st.integers(1, 60_000),
)
@settings(max_examples=50)
def test_any_list_of_ones_own_makes_valid_films(
    index: str,
    patient: str,
    findings: list[str],
    age: int | None,
    follow_up: int,
    spacing: tuple[float, float] | None,
    side: int | None,
) -> None:
    record = FilmRecord(
        index, patient, follow_up, tuple(findings), age, width=side, height=side, spacing=spacing, version="mine"
    )
    dicom = to_dicom(png(), record)
    with tempfile.TemporaryDirectory() as folder:
        assert verdict(dicom, Path(folder))[0] == []
    assert read(dicom).PatientID == patient


@pytest.mark.parametrize("syntax", Syntax)
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("shape", [(48, 64), (7, 5), (1, 1), (1, 9), (1024, 3)])
def test_pixels_are_the_pngs(syntax: Syntax, bits: int, shape: tuple[int, int], tmp_path: Path) -> None:
    pixels = gradient(*shape, bits=bits)
    dicom = to_dicom(png(pixels), RECORD, syntax)
    assert verdict(dicom, tmp_path)[0] == []
    dataset = read(dicom)
    assert dataset.file_meta.TransferSyntaxUID == syntax.uid
    assert (dataset.Rows, dataset.Columns, dataset.BitsStored) == (*shape, bits)
    np.testing.assert_array_equal(dataset.pixel_array, pixels)


GREY = gradient()


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(np.stack([GREY] * 3 + [np.full_like(GREY, 255)], axis=-1)),
        Image.fromarray(np.stack([GREY] * 3 + [GREY], axis=-1)),
        Image.fromarray(np.stack([GREY] * 3, axis=-1)),
        Image.fromarray(np.stack([GREY, GREY[::-1]], axis=-1)),
        Image.fromarray(GREY).convert("P"),
    ],
    ids=["RGBA", "RGBA with transparency", "RGB", "LA", "palette of greys"],
)
def test_grey_stored_otherwise_stays_the_same_grey(image: Image.Image) -> None:
    dataset = read(to_dicom(saved(image), RECORD))
    assert dataset.SamplesPerPixel == 1
    assert dataset.PhotometricInterpretation == "MONOCHROME2"
    np.testing.assert_array_equal(dataset.pixel_array, GREY)


def test_one_bit_is_black_and_white() -> None:
    dataset = read(to_dicom(saved(Image.fromarray(GREY > 100)), RECORD))
    np.testing.assert_array_equal(dataset.pixel_array, np.where(GREY > 100, 255, 0))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_colours_are_refused(kind: str) -> None:
    coloured = np.stack([GREY, GREY // 2, GREY // 3], axis=-1)
    with pytest.raises(ConversionError, match="has colours"):
        to_dicom(saved(Image.fromarray(coloured), kind), RECORD)


def test_all_eight_bits_are_shown() -> None:
    dataset = read(to_dicom(png(), RECORD))
    assert (dataset.WindowCenter, dataset.WindowWidth) == (128, 256)


def test_of_sixteen_bits_the_range_that_is_used_is_shown() -> None:
    pixels = np.clip(gradient(bits=16), 100, 4195)
    dataset = read(to_dicom(png(pixels), RECORD))
    assert (dataset.WindowCenter, dataset.WindowWidth) == (2148, 4096)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_is_decoded_and_says_that_it_was_lossy(mode: str, tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    image = saved(Image.fromarray(smooth).convert(mode), "JPEG", quality=80)
    dicom = to_dicom(image, with_(index="film.jpg", version="mine"))
    dataset = read(dicom)
    np.testing.assert_array_equal(dataset.pixel_array, np.asarray(Image.open(io.BytesIO(image)).convert("L")))
    assert dataset.LossyImageCompression == "01"
    assert dataset.LossyImageCompressionMethod == "ISO_10918_1"
    assert float(dataset.LossyImageCompressionRatio) == pytest.approx(64 * 64 / len(image), abs=0.01)
    assert verdict(dicom, tmp_path)[0] == []


def test_a_turned_jpeg_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = saved(Image.fromarray(gradient(40, 80)), "JPEG", exif=exif)
    assert read(to_dicom(image, RECORD)).pixel_array.shape == (80, 40)


def test_a_png_was_never_lossy() -> None:
    dataset = read(to_dicom(png(), RECORD))
    assert dataset.LossyImageCompression == "00"
    assert "LossyImageCompressionRatio" not in dataset


WHOLE = png()
JPEG = saved(Image.fromarray(GREY), "JPEG")
FRAME = JPEG.index(b"\xff\xc0")
HUGE_JPEG = JPEG[: FRAME + 5] + b"\xff\xf0" * 2 + JPEG[FRAME + 9 :]
HUGE = WHOLE[:16] + (70_000).to_bytes(4, "big") * 2 + WHOLE[24:]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(50), "is no PNG, JPEG, TIFF or BMP"),
        (WHOLE[:20], "PNG is damaged"),
        (WHOLE[: len(WHOLE) // 2], "PNG is damaged"),
        (WHOLE[:200] + bytes(40) + WHOLE[240:], "PNG is damaged"),
        (HUGE, "larger than 64 megapixels"),
        (WHOLE[:16] + bytes(4) + WHOLE[20:], "no pixels"),
        (HUGE_JPEG, "larger than 64 megapixels"),
        (JPEG[:100], "JPEG is damaged"),
        (JPEG[: FRAME + 40], "JPEG is damaged"),
        (JPEG[:-200], "JPEG is damaged"),
    ],
)
def test_what_is_no_image_is_refused_in_one_sentence(image: bytes, said: str) -> None:
    with pytest.raises(ConversionError, match=said) as refused:
        to_dicom(image, RECORD)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert RECORD.patient_id not in sentence
    assert str(pickle.loads(pickle.dumps(refused.value))) == sentence  # noqa: S301 - our own


_EXIF = Image.Exif()
_EXIF[0x0112] = 3
_EXIF[0x010F] = "a maker"


@given(st.binary(max_size=400))
def test_any_bytes_convert_or_are_refused(noise: bytes) -> None:
    for image in (noise, WHOLE[:60] + noise + WHOLE[60 + len(noise) :], b"\xff\xd8\xff" + noise):
        try:
            dicom = to_dicom(image, RECORD)
        except ConversionError:
            continue
        assert read(dicom).SOPInstanceUID


@given(st.lists(st.tuples(st.integers(2, 700), st.integers(0, 255)), max_size=12))
@settings(max_examples=80)
def test_any_damage_of_a_jpeg_converts_or_is_refused(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(saved(Image.fromarray(GREY), "JPEG", exif=_EXIF))
    for place, value in changes:
        damaged[place] = value
    try:
        dicom = to_dicom(bytes(damaged), RECORD)
    except ConversionError:
        return
    assert read(dicom).Rows


def test_a_patients_id_that_dicom_cannot_hold_is_refused() -> None:
    for patient_id in ("", "x" * 65, "a\\b"):
        with pytest.raises(ConversionError, match="patient's id"):
            to_dicom(png(), with_(patient_id=patient_id, version="mine"))


def test_every_element_reads_back_valid() -> None:
    for record in CASES.values():
        dataset = read(to_dicom(png(), record))
        with config.strict_reading():
            for element in dataset.iterall():
                assert element.value is not None or element.VM == 0
                assert element.keyword
        tags = [element.tag for element in dataset]
        assert tags == sorted(tags)


def test_pydicom_writes_the_same_bytes() -> None:
    dicom = to_dicom(png(), RECORD)
    target = io.BytesIO()
    read(dicom).save_as(target, enforce_file_format=True)
    assert target.getvalue() == dicom


def test_the_same_film_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import sys, pickle, hashlib; from scripts.chestxrays.convert import to_dicom;"
        "print(hashlib.sha256(to_dicom(*pickle.load(sys.stdin.buffer))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps((png(), RECORD)), capture_output=True, check=True
    )
    import hashlib

    assert done.stdout.decode().strip() == hashlib.sha256(to_dicom(png(), RECORD)).hexdigest()


def test_the_function_pickles() -> None:
    assert pickle.loads(pickle.dumps(to_dicom)) is to_dicom  # noqa: S301 - our own


@pytest.fixture(scope="module")
def dataset() -> pydicom.Dataset:
    return read(to_dicom(png(), RECORD))


def test_it_is_a_digital_x_ray_for_presentation(dataset: pydicom.Dataset) -> None:
    assert UID(dataset.SOPClassUID).name == "Digital X-Ray Image Storage - For Presentation"
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    assert dataset.Modality == "DX"
    assert dataset.PresentationIntentType == "FOR PRESENTATION"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientName", "Anonymous^00000001"),
        ("PatientID", "00000001"),
        ("PatientBirthDate", ""),
        ("PatientSex", "M"),
        ("PatientAge", "058Y"),
        ("StudyDate", ""),
        ("StudyID", "1"),
        ("AccessionNumber", "NIH00000001-001"),
        ("StudyDescription", "Chest X-ray, follow-up 1"),
        ("SeriesDescription", "Chest PA: Cardiomegaly, Emphysema"),
        ("ViewPosition", "PA"),
        ("ClinicalTrialSponsorName", "NIH Clinical Center"),
        ("ClinicalTrialTimePointID", "1"),
        ("ClinicalTrialSeriesID", "00000001_001.png"),
        ("PatientIdentityRemoved", "YES"),
        ("BurnedInAnnotation", "NO"),
        ("PixelIntensityRelationshipSign", -1),
    ],
)
def test_what_the_header_says(dataset: pydicom.Dataset, keyword: str, value: Any) -> None:
    assert dataset[keyword].value == value


def test_the_spacing_is_the_scaled_films_with_rows_first(dataset: pydicom.Dataset) -> None:
    assert [float(each) for each in dataset.ImagerPixelSpacing] == pytest.approx(
        [0.144 * 2729 / 48, 0.143 * 2894 / 64], rel=1e-5
    )
    assert "PixelSpacing" not in dataset


def test_a_film_without_spacing_says_that_it_cannot_be_measured() -> None:
    dataset = read(to_dicom(png(), with_(spacing=None)))
    assert dataset.ImagerPixelSpacing == [1, 1]
    assert "Do not measure" in dataset.ImageComments


def test_findings_are_codes(dataset: pydicom.Dataset) -> None:
    items = dataset.AcquisitionContextSequence
    assert {item.ConceptNameCodeSequence[0].CodeMeaning for item in items} == {"Finding"}
    codes = [item.ConceptCodeSequence[0] for item in items]
    assert [(code.CodeValue, code.CodingSchemeDesignator) for code in codes] == [
        ("8186001", "SCT"),
        ("87433001", "SCT"),
    ]


def test_no_finding_is_a_code_of_its_own_and_not_normal() -> None:
    dataset = read(to_dicom(png(), with_(findings=(), boxes=())))
    (item,) = dataset.AcquisitionContextSequence
    assert item.ConceptCodeSequence[0].CodeMeaning == "None of the fourteen findings"
    assert dataset.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99CHESTXRAY14"


def test_a_film_that_nobody_labelled_has_no_finding_and_does_not_claim_to_have_none() -> None:
    dataset = read(to_dicom(png(), with_(version="mine", findings=(), boxes=())))
    assert len(dataset.AcquisitionContextSequence) == 0
    assert "No Finding" not in str(dataset)


def test_comments_hold_labels_boxes_and_attribution(dataset: pydicom.Dataset) -> None:
    for part in (
        "Image Index: 00000001_001.png",
        "Finding Labels: Cardiomegaly|Emphysema",
        "Box: Cardiomegaly x=10.2 y=20.0 width=300.0 height=200.0",
        "Split: train_val",
        "NIH Clinical Center",
        "Wang X",
        "CVPR 2017",
        "https://nihcc.app.box.com/v/ChestXray-NIHCC",
    ):
        assert part in dataset.ImageComments


def test_what_became_of_the_film_is_told(dataset: pydicom.Dataset) -> None:
    assert dataset.ImageType == ["DERIVED", "PRIMARY"]
    assert "2894 x 2729" in dataset.DerivationDescription


def test_another_set_is_not_called_nihs() -> None:
    dataset = read(to_dicom(png(), with_(version="mine", boxes=(Box("Mass", 1, 1, 1, 1),))))
    assert "NIH" not in str(dataset)
    assert dataset.BurnedInAnnotation == "YES"


def test_a_generated_film_is_not_called_nihs() -> None:
    from scripts.chestxrays.rehearsal.pictures import png_of
    from scripts.loading.synthetic import Film

    dataset = read(to_dicom(png_of(Film(1, 1), 64, rgba=False), RECORD))
    assert "NIH" not in str(dataset)
    assert dataset.ImageComments.startswith("SYNTHETIC IMAGE, NOT A PATIENT")
    assert dataset.PatientName == "Synthetic^00000001"

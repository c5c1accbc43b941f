"""Boxes become black in every kind of pixels and every transfer syntax, and nothing else changes.

What comes out is read by pydicom. Sources: PS3.3 C.7.6.1, C.7.6.3.1; PS3.5 8.1, 8.2, A.4.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from emulator.deidentify.image import ImageRules, Mode
from emulator.deidentify.image.redaction import Wanted, redact
from emulator.dicom import syntaxes, transcode
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.header import read_header
from tests.emulator.deidentify.image.stamps import BLACK, EVERYTHING, FOUND, Stamp, saved
from tests.emulator.dicom.files import shipped, shipped_files
from tests.emulator.dicom.test_transcode import INPUTS, JPEG, JPEG_2000, JPEG_LS, RLE, Array, grey, made

FILES = [path for path in shipped_files() if path.name != "badVR.dcm"]
"""All but one whose NumberOfFrames is no number: pydicom guesses, and here such a file has one frame."""
NOTHING = Wanted(ImageRules(Mode.NONE), EVERYTHING.cleaner, EVERYTHING.known)


def read(path: Path) -> pydicom.FileDataset:
    """A file as pydicom reads it, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def frames_of(path: Path) -> Array:
    """All frames of a file as they are stored, one after the other."""
    dataset = read(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = np.asarray(pixel_array(dataset, raw=True))
    return found if int(dataset.get("NumberOfFrames") or 1) > 1 else found[np.newaxis]


def redacted(source: Path, folder: Path, detector: Stamp | None = None, wanted: Wanted = EVERYTHING) -> Path:
    target = folder / "redacted.dcm"
    assert redact(source, target, wanted, detector or Stamp()) is not None
    read_header(target.read_bytes())
    return target


def only_the_box_changed(before: Array, after: Array) -> bool:
    """Whether the box has one shade in each frame, which is not what it had, and all else is as it was."""
    rest = np.ones(before.shape[1:3], bool)
    rest[BLACK] = False
    black = after[:, BLACK[0], BLACK[1]].reshape(len(after), BLACK[0].stop - BLACK[0].start, -1, *after.shape[3:])
    return bool((black == black[:, :1, :1]).all()) and np.array_equal(before[:, rest], after[:, rest], equal_nan=True)


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("syntax", [syntaxes.EXPLICIT, syntaxes.IMPLICIT, syntaxes.DEFLATED, RLE, JPEG_LS, JPEG_2000])
def test_only_the_box_changes(tmp_path: Path, name: str, syntax: str) -> None:
    source = saved(INPUTS[name](), tmp_path / "source.dcm")
    try:
        source.write_bytes(transcode.to_syntax(str(source), syntax))
    except UnsupportedError:
        pytest.skip("nothing writes these pixels in that syntax")
    before = frames_of(source)
    target = redacted(source, tmp_path)
    assert only_the_box_changed(before, frames_of(target))
    assert read(target).BurnedInAnnotation == "NO"
    assert read(target).file_meta.TransferSyntaxUID in (syntax, syntaxes.EXPLICIT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_of_the_world_are_redacted_or_refused_in_a_sentence(tmp_path: Path, path: Path) -> None:
    target = tmp_path / "redacted.dcm"
    found = None
    try:
        found = redact(path, target, EVERYTHING, Stamp())
    except (UnsupportedError, DicomError) as problem:
        refusal = str(problem)
    else:
        refusal = ""
    if refusal or found is None:
        assert refusal == "" or refusal.endswith(".")
        assert not target.exists()
        return
    before, after = frames_of(path).astype(frames_of(target).dtype), frames_of(target)
    assert before.shape == after.shape
    outside = np.ones(before.shape[:3], bool)
    for frame, boxes in enumerate(found.frames):
        for box in boxes:
            outside[frame, box.y : box.bottom, box.x : box.right] = False
    assert np.array_equal(before[outside], after[outside], equal_nan=before.dtype.kind == "f")
    assert not found.boxes or not np.array_equal(before, after)


def test_black_is_as_the_picture_shows_it(tmp_path: Path) -> None:
    for meaning, shade in (("MONOCHROME2", "min"), ("MONOCHROME1", "max")):
        source = saved(made(grey(12), BitsStored=12, HighBit=11, PhotometricInterpretation=meaning), tmp_path / meaning)
        (before,), (after,) = frames_of(source), frames_of(redacted(source, tmp_path))
        assert after[FOUND.y, FOUND.x] == getattr(before, shade)()


@pytest.mark.parametrize("name", ["SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm"])
def test_what_was_compressed_with_loss_is_not_compressed_again(tmp_path: Path, name: str) -> None:
    source = shipped(name)
    target = redacted(source, tmp_path)
    before, after = read(source), read(target)
    assert after.file_meta.TransferSyntaxUID == syntaxes.EXPLICIT
    assert after.get("LossyImageCompression") == before.get("LossyImageCompression")
    assert only_the_box_changed(frames_of(source), frames_of(target))


@pytest.mark.parametrize("syntax", [JPEG_2000, RLE])
def test_frames_without_text_keep_their_bytes_where_the_syntax_stays(tmp_path: Path, syntax: str) -> None:
    pixels = grey(8, frames=3)
    pixels[[0, 2]] = 7
    source = saved(made(pixels), tmp_path / "source.dcm")
    source.write_bytes(transcode.to_syntax(str(source), syntax))
    target = redacted(source, tmp_path)
    before, after = transcode.stored_frames(str(source)), transcode.stored_frames(str(target))
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert read(target).file_meta.TransferSyntaxUID == syntax


def test_pixels_without_text_stay_byte_for_byte_in_any_syntax(tmp_path: Path) -> None:
    source = saved(made(np.full((1, 13, 22), 9, "u1")), tmp_path / "source.dcm")
    source.write_bytes(transcode.to_syntax(str(source), JPEG))
    target = redacted(source, tmp_path)
    assert read(target).PixelData == read(source).PixelData
    assert read(target).file_meta.TransferSyntaxUID == UID(JPEG)
    assert read(target).BurnedInAnnotation == "NO"


@pytest.mark.parametrize("pixels", [grey(8), np.full((1, 13, 22), 9, "u1")], ids=["with text", "without"])
def test_what_lies_behind_the_last_frame_goes(tmp_path: Path, pixels: Array) -> None:
    dataset = made(pixels)
    dataset.PixelData += b"SMITH^JOHN"
    target = redacted(saved(dataset, tmp_path / "source.dcm"), tmp_path)
    assert b"SMITH" not in target.read_bytes()
    assert len(read(target).PixelData) == 13 * 22


def test_overlays_are_redacted_as_pixels_are(tmp_path: Path) -> None:
    dataset = made(np.zeros((1, 13, 22), "u1"))
    plane = np.arange(13 * 22).reshape(13, 22) % 2
    dataset.add_new(0x60000010, "US", 13)
    dataset.add_new(0x60000011, "US", 22)
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60000102, "US", 0)
    dataset.add_new(0x60003000, "OW", np.packbits(plane.astype(bool), bitorder="little").tobytes())
    target = redacted(saved(dataset, tmp_path / "source.dcm"), tmp_path)
    after = read(target).overlay_array(0x6000)
    assert only_the_box_changed(plane[np.newaxis], after[np.newaxis])
    assert not after[BLACK].any()


def test_overlays_in_unused_bits_go(tmp_path: Path) -> None:
    samples = grey(12)
    dataset = made(samples | 0x4000, BitsStored=12, HighBit=11)
    dataset.add_new(0x60000010, "US", 13)
    dataset.add_new(0x60000011, "US", 22)
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 14)
    target = redacted(saved(dataset, tmp_path / "source.dcm"), tmp_path)
    assert only_the_box_changed(samples, frames_of(target))
    assert not [tag for tag in read(target) if tag.tag.group == 0x6000]


@pytest.mark.parametrize("pixels", [grey(8), np.full((1, 13, 22), 9, "u1")], ids=["with text", "without"])
def test_an_icon_goes_with_the_text_that_it_may_show(tmp_path: Path, pixels: Array) -> None:
    dataset = made(pixels)
    icon = pydicom.Dataset()
    icon.Rows = icon.Columns = 2
    icon.BitsAllocated = 8
    icon.PixelData = b"\x01\x02\x03\x04"
    dataset.IconImageSequence = [icon]
    assert "IconImageSequence" not in read(redacted(saved(dataset, tmp_path / "source.dcm"), tmp_path))


def test_attributes_behind_the_pixels_stay(tmp_path: Path) -> None:
    dataset = made(grey(8))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.add_new(0x7FE10010, "LO", "Müller devices")
    target = redacted(saved(dataset, tmp_path / "source.dcm"), tmp_path)
    assert read(target)[0x7FE10010].value == "Müller devices"


def test_what_says_that_nothing_is_to_go_changes_nothing(tmp_path: Path) -> None:
    source = saved(made(grey(8)), tmp_path / "source.dcm")
    assert redact(source, tmp_path / "target.dcm", NOTHING, Stamp()) is None
    assert not (tmp_path / "target.dcm").exists()


def test_an_instance_without_pixels_is_none_that_is_redacted(tmp_path: Path) -> None:
    dataset = made(grey(8))
    del dataset.PixelData
    assert redact(saved(dataset, tmp_path / "source.dcm"), tmp_path / "target.dcm", EVERYTHING, Stamp()) is None


def test_pixels_that_cannot_be_decoded_are_refused_in_a_sentence_without_values(tmp_path: Path) -> None:
    dataset = made(grey(8), PatientName="SECRET^NAME")
    source = saved(dataset, tmp_path / "source.dcm")
    source.write_bytes(transcode.to_syntax(str(source), JPEG_2000).replace(b"\xff\x4f\xff\x51", b"\xff\x4f\x00\x00"))
    with pytest.raises(UnsupportedError, match=r"^The instance cannot be .*\.$") as refusal:
        redact(source, tmp_path / "target.dcm", EVERYTHING, Stamp())
    assert "SECRET" not in str(refusal.value)
    assert not (tmp_path / "target.dcm").exists()


def test_files_that_are_too_large_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = saved(made(grey(8)), tmp_path / "source.dcm")
    monkeypatch.setattr("emulator.deidentify.image.instance.MAX_FILE", 500)
    with pytest.raises(UnsupportedError, match="files of up to 500 bytes"):
        redact(source, tmp_path / "target.dcm", EVERYTHING, Stamp())
    source.write_bytes(transcode.to_syntax(str(source), JPEG_2000))
    monkeypatch.setattr("emulator.deidentify.image.instance.MAX_FILE", 1 << 30)
    monkeypatch.setattr("emulator.deidentify.image.instance.MAX_UNPACKED", 100)
    with pytest.raises(UnsupportedError, match="up to 100 bytes unpacked; it has 286"):
        redact(source, tmp_path / "target.dcm", EVERYTHING, Stamp())


def test_sensitive_text_is_redacted_and_other_text_is_left(tmp_path: Path) -> None:
    wanted = Wanted(ImageRules(Mode.SENSITIVE), EVERYTHING.cleaner, EVERYTHING.known)
    source = saved(made(grey(8)), tmp_path / "source.dcm")
    (before,) = frames_of(source)
    for said, goes in (("SUPINE", False), ("01/02/1960", True)):
        (after,) = frames_of(redacted(source, tmp_path, Stamp(said), wanted))
        assert np.array_equal(before, after) is not goes


def test_what_is_reported_is_where_and_how_much(tmp_path: Path) -> None:
    source = saved(made(grey(8, frames=3)), tmp_path / "source.dcm")
    found: Any = redact(source, tmp_path / "target.dcm", EVERYTHING, Stamp())
    assert (found.boxes, found.overlays, found.syntax) == (3, 0, syntaxes.EXPLICIT)
    assert found.area == pytest.approx(8 * 17 / (13 * 22))

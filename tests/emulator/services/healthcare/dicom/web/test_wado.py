from io import BytesIO

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from emulator.dicom import syntaxes
from emulator.dicom.header import read_header
from tests.emulator.dicom.files import shipped
from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import file_of, instance, made
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

EXPLICIT, IMPLICIT, J2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.90"


def put(store: Store, name: str) -> str:
    """Store a shipped file; give its path."""
    data = shipped(name).read_bytes()
    header = read_header(data)
    answer = store.post(data)
    assert answer.status_code == 200, answer.text
    study, series, uid = (header.text(tag) for tag in ("0020000D", "0020000E", "00080018"))
    return f"studies/{study}/series/{series}/instances/{uid}"


def test_dicomweb_client_retrieves_at_each_level(store: Store) -> None:
    for number in (1, 2):
        assert store.post(made(uid=f"1.2.1.1.{number}")).status_code == 200
    client = store.client
    assert len(client.retrieve_study("1.2.1")) == 2
    assert len(client.retrieve_series("1.2.1", "1.2.1.1")) == 2
    assert client.retrieve_instance("1.2.1", "1.2.1.1", "1.2.1.1.2").SOPInstanceUID == "1.2.1.1.2"
    assert len(client.retrieve_study_metadata("1.2.1")) == 2
    assert len(client.retrieve_series_metadata("1.2.1", "1.2.1.1")) == 2
    metadata = client.retrieve_instance_metadata("1.2.1", "1.2.1.1", "1.2.1.1.1")
    assert metadata["00020010"]["Value"] == [EXPLICIT]
    assert client.retrieve_instance_frames("1.2.1", "1.2.1.1", "1.2.1.1.1", [1]) == [bytes(range(16))]
    uri = metadata["7FE00010"]["BulkDataURI"]
    assert client.retrieve_bulkdata(uri) == [bytes(range(16))]


def test_iterators_of_dicomweb_client(store: Store) -> None:
    assert store.post(made()).status_code == 200
    assert len(list(store.client.iter_study("1.2.1"))) == 1
    assert len(list(store.client.iter_instance_frames("1.2.1", "1.2.1.1", "1.2.1.1.1", [1]))) == 1


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_implicit.dcm", "693_J2KI.dcm", "ExplVR_BigEnd.dcm", "image_dfl.dcm"]
)
def test_original_bytes_with_any_syntax(store: Store, name: str) -> None:
    path = put(store, name)
    answer = store.get(path, "application/dicom; transfer-syntax=*")
    assert answer.headers["content-type"] == "application/dicom"
    assert answer.content == shipped(name).read_bytes()
    several = store.get(path, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    assert shipped(name).read_bytes() in several.content


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "image_dfl.dcm",
        "693_J2KR.dcm",
        "MR_small_RLE.dcm",
        "emri_small_jpeg_ls_lossless.dcm",
        "SC_rgb_rle_2frame.dcm",
    ],
)
def test_default_is_transcoded_to_explicit_little_endian(store: Store, name: str) -> None:
    path = put(store, name)
    answer = store.get(path, "application/dicom")
    assert answer.status_code == 200, answer.text
    read = pydicom.dcmread(BytesIO(answer.content))
    assert read.file_meta.TransferSyntaxUID == EXPLICIT
    assert np.array_equal(pixel_array(read), pixel_array(pydicom.dcmread(shipped(name))))


@pytest.mark.parametrize(
    "syntax", [IMPLICIT, "1.2.840.10008.1.2.1.99", J2K, "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"]
)
def test_lossless_syntaxes_keep_every_pixel(store: Store, syntax: str) -> None:
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    film = made(Rows=64, Columns=64, BitsAllocated=16, BitsStored=16, HighBit=15, PixelData=pixels.tobytes())
    assert store.post(film).status_code == 200
    answer = store.get(
        "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1", f"application/dicom; transfer-syntax={syntax}"
    )
    assert answer.status_code == 200, answer.text
    read = pydicom.dcmread(BytesIO(answer.content))
    assert read.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(pixel_array(read), pixels)


def test_what_has_no_encoder_is_a_400(store: Store) -> None:
    path = put(store, "CT_small.dcm")
    answer = store.get(path, "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50")
    assert answer.status_code == 400
    assert "JPEG baseline" in answer.json()["error"]["message"]


@pytest.mark.parametrize("accept", ["text/html", "application/dicom; transfer-syntax=1.2.3", "image/png"])
def test_unacceptable(store: Store, accept: str) -> None:
    path = put(store, "CT_small.dcm")
    assert store.get(path, accept).status_code == 406


@pytest.mark.parametrize(
    "path",
    [
        "studies/9.9",
        "studies/9.9/metadata",
        "studies/9.9/series/9/instances/9",
        "studies/9.9/series/9/instances/9/frames/1",
        "studies/9.9/series/9/instances/9/rendered",
    ],
)
def test_what_is_not_there(store: Store, path: str) -> None:
    assert store.get(path).status_code == 404


@pytest.mark.parametrize("name", ["emri_small.dcm", "emri_small_RLE.dcm", "emri_small_jpeg_2k_lossless.dcm"])
def test_frames_of_a_stack(store: Store, name: str) -> None:
    path = put(store, name)
    expected = pixel_array(shipped("emri_small.dcm"))
    for number in (1, 5, 10):
        answer = store.get(f"{path}/frames/{number}", "application/octet-stream")
        assert answer.headers["content-type"] == f"application/octet-stream; transfer-syntax={EXPLICIT}"
        assert answer.content == expected[number - 1].astype("<u2").tobytes()
    together = store.get(f"{path}/frames/2,3")
    assert (
        together.content.count(b"Content-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1\r\n") == 2
    )
    assert store.get(f"{path}/frames/11").status_code == 404
    assert store.get(f"{path}/frames/0").status_code == 400
    assert store.get(f"{path}/frames/x").status_code == 400


def test_compressed_frames_as_they_are(store: Store) -> None:
    path = put(store, "emri_small_jpeg_2k_lossless.dcm")
    accept = "multipart/related; type=application/octet-stream; transfer-syntax=*"
    content = store.get(f"{path}/frames/3", accept).content
    from pydicom.encaps import get_frame

    read = pydicom.dcmread(shipped("emri_small_jpeg_2k_lossless.dcm"))
    assert get_frame(read.PixelData, 2, number_of_frames=10) in content
    assert f"transfer-syntax={J2K}".encode() in content
    as_jp2 = store.get(f"{path}/frames/3", 'multipart/related; type="image/jp2"')
    assert as_jp2.headers["content-type"].startswith('multipart/related; type="image/jp2"')


def test_bulk_data_of_a_palette(store: Store) -> None:
    path = put(store, "OBXXXX1A.dcm")
    read = pydicom.dcmread(shipped("OBXXXX1A.dcm"))
    url = store.get(f"{path}/metadata").json()[0]["00281201"]["BulkDataURI"]
    assert url == f"{store.url}/{path}/bulkdata/00281201"
    answer = store.session.get(url, headers={"Accept": "application/octet-stream"}, timeout=PATIENCE)
    assert answer.content == read.RedPaletteColorLookupTableData
    assert store.get(f"{path}/bulkdata/00281299").status_code == 404


def test_bulk_data_inside_a_sequence(store: Store) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    from tests.emulator.services.healthcare.instances import file_of

    film, inner = instance(), Dataset()
    inner.add_new(0x00291010, "OB", b"\x01\x02\x03\x04")
    film.ReferencedImageSequence = Sequence([Dataset(), inner])
    assert store.post(file_of(film)).status_code == 200
    metadata = store.get("studies/1.2.1/metadata").json()[0]
    url = metadata["00081140"]["Value"][1]["00291010"]["BulkDataURI"]
    assert url.endswith("/bulkdata/00081140/1/00291010")
    answer = store.session.get(url, headers={"Accept": "application/octet-stream"}, timeout=PATIENCE)
    assert answer.content == b"\x01\x02\x03\x04"


def test_every_bulk_data_uri_works(store: Store) -> None:
    """PS3.18 10.4.1.1.5: also those of group 0002, and of a video, whose many frames are one stream."""
    from tests.emulator.services.healthcare.instances import file_of

    film = instance(NumberOfFrames=25)
    film.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.102")
    film.file_meta.PrivateInformationCreatorUID = UID("1.2.3")
    film.file_meta.PrivateInformation = b"\1\2\3\4"
    film.PixelData = encapsulate([b"one stream", b"in two fragments"])
    film["PixelData"].is_undefined_length = True
    assert store.post(file_of(film)).status_code == 200
    shown = store.get("studies/1.2.1/metadata").json()[0]
    found = {}
    for tag in ("00020102", "7FE00010"):
        headers = {"Accept": "application/octet-stream; transfer-syntax=*"}
        answer = store.session.get(shown[tag]["BulkDataURI"], headers=headers, timeout=PATIENCE)
        found[tag] = (answer.status_code, answer.content)
    assert found["00020102"] == (200, b"\1\2\3\4")
    assert found["7FE00010"] == (200, b"one streamin two fragments")


def image(
    store: Store, path: str, accept: str = "image/png", **parameters: str
) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    answer = store.get(path, accept, **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == accept
    return np.asarray(Image.open(BytesIO(answer.content)))


def test_rendered_with_window_and_both_polarities(store: Store) -> None:
    ramp = np.linspace(0, 4095, 256).astype(np.uint16)
    common = {
        "Rows": 16,
        "Columns": 16,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelData": ramp.tobytes(),
        "WindowCenter": 2048,
        "WindowWidth": 4096,
    }
    assert store.post(made(**common)).status_code == 200
    assert store.post(made(uid="1.2.1.1.2", PhotometricInterpretation="MONOCHROME1", **common)).status_code == 200
    base = "studies/1.2.1/series/1.2.1.1/instances"
    bright = image(store, f"{base}/1.2.1.1.1/rendered")
    assert bright.shape == (16, 16)
    assert np.abs(bright.ravel().astype(int) - np.arange(256)).max() <= 1
    assert np.array_equal(image(store, f"{base}/1.2.1.1.2/rendered"), 255 - bright)


def test_rendered_fits_the_viewport(store: Store) -> None:
    path = put(store, "CT_small.dcm")
    assert image(store, f"{path}/rendered", "image/jpeg", viewport="64,200").shape == (64, 64)
    assert store.get(f"{path}/rendered", "image/jpeg", viewport="0,1").status_code == 400


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("OBXXXX1A.dcm", (600, 800, 3)),
        ("SC_rgb_small_odd.dcm", (3, 3, 3)),
        ("examples_ybr_color.dcm", (240, 320, 3)),
        ("MR_small_bigendian.dcm", (64, 64)),
        ("RG1_J2KR.dcm", (1955, 1841)),
    ],
)
def test_rendered_pictures_of_many_kinds(store: Store, name: str, shape: tuple[int, ...]) -> None:
    path = put(store, name)
    frames = int(pydicom.dcmread(shipped(name), stop_before_pixels=True).get("NumberOfFrames") or 1)
    where = f"{path}/frames/1/rendered" if frames > 1 else f"{path}/rendered"
    picture = image(store, where)
    assert picture.shape == shape
    assert picture.std() > 1
    if frames > 1:
        assert store.get(f"{path}/rendered", "image/png").status_code == 400


def test_deleting_at_each_level(emulator: RunningEmulator, store: Store) -> None:
    """Cloud Healthcare, using the DICOMweb standard: a name, then an operation with an empty response."""
    for study in ("1.2.1", "1.2.2"):
        for series in ("1", "2"):
            for uid in ("1", "2"):
                name = f"{study}.{series}"
                assert store.post(made(study=study, series=name, uid=f"{name}.{uid}")).status_code == 200
    delete = store.session.delete
    answer = delete(f"{store.url}/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1", timeout=PATIENCE)
    assert (answer.status_code, answer.json()) == (200, {})
    assert len(store.client.search_for_instances()) == 7
    started = delete(f"{store.url}/studies/1.2.1/series/1.2.1.1", timeout=PATIENCE).json()
    assert set(started) == {"name"}
    operation = transfers.wait(emulator, started["name"])
    assert operation["metadata"]["apiMethodName"] == "google.cloud.healthcare.v1.dicomweb.DicomWebService.DeleteSeries"
    assert len(store.client.search_for_series("1.2.1")) == 1
    started = delete(f"{store.url}/studies/1.2.2", timeout=PATIENCE).json()
    assert set(started) == {"name"}
    operation = transfers.wait(emulator, started["name"])
    assert operation["name"].startswith(f"{store.dataset}/operations/")
    assert operation["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert [row["0020000D"]["Value"][0] for row in store.client.search_for_studies()] == ["1.2.1"]
    assert delete(f"{store.url}/studies/1.2.2", timeout=PATIENCE).status_code == 404
    assert store.post(made(study="1.2.2", series="1.2.2.1", uid="1.2.2.1.1")).status_code == 200


def test_frames_of_single_bits_may_begin_within_a_byte(store: Store) -> None:
    """PS3.5 8.1.1: three frames of 15 pixels; each comes back in bytes of its own, the first pixel lowest."""
    bits = np.arange(45) % 3 == 0
    packed = np.packbits(bits, bitorder="little").tobytes()
    data = made(
        SOPInstanceUID="1.2.77.1", Rows=3, Columns=5, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3,
        PixelData=packed,
    )  # fmt: skip
    assert store.post(data).status_code == 200
    for number in (1, 2, 3):
        path = f"studies/1.2.1/series/1.2.1.1/instances/1.2.77.1/frames/{number}"
        answer = store.get(path, 'multipart/related; type="application/octet-stream"; transfer-syntax=*')
        assert answer.status_code == 200, answer.text
        frame = np.packbits(bits[(number - 1) * 15 : number * 15], bitorder="little").tobytes()
        assert frame in answer.content


@pytest.mark.parametrize("syntax", [syntaxes.IMPLICIT, syntaxes.DEFLATED, syntaxes.BIG_ENDIAN])
def test_a_frame_of_colours_is_what_the_metadata_say(store: Store, syntax: str) -> None:
    """YBR_FULL by planes stays so in the default syntax, however the dataset around it is written."""
    pixels = bytes(range(48))
    film = instance(SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL", PlanarConfiguration=1, PixelData=pixels)
    film["PixelData"].VR = "OB"
    film.file_meta.TransferSyntaxUID = UID(syntax)
    assert store.post(file_of(film)).status_code == 200
    path = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/frames/1"
    assert store.get(path, "application/octet-stream").content == pixels


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, syntaxes.DEFLATED])
def test_frames_of_single_bits_are_drawn_wherever_they_begin(store: Store, syntax: str) -> None:
    bits = np.arange(45) % 4 < 2
    film = instance(Rows=3, Columns=5, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3)
    film.PixelData = np.packbits(bits, bitorder="little").tobytes()
    film["PixelData"].VR = "OB"
    film.file_meta.TransferSyntaxUID = UID(syntax)
    assert store.post(file_of(film)).status_code == 200
    for number, frame in enumerate(bits.reshape(3, 3, 5), 1):
        path = f"studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/frames/{number}"
        drawn = Image.open(BytesIO(store.get(f"{path}/rendered", "image/png").content))
        np.testing.assert_array_equal(np.asarray(drawn), frame * 255)
        samples = Image.open(BytesIO(store.get(path, "image/png").content))
        np.testing.assert_array_equal(np.asarray(samples), frame)

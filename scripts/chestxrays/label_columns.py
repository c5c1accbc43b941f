"""The columns of the label table, and a film as a row of it."""

from __future__ import annotations

from typing import Any

from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import FilmUids

Column = dict[str, Any]
"""A column as BigQuery's REST API writes it (TableFieldSchema)."""


def _column(
    name: str, kind: str, description: str, mode: str = "NULLABLE", fields: list[Column] | None = None
) -> Column:
    made = {"name": name, "type": kind, "mode": mode, "description": description}
    return {**made, "fields": fields} if fields else made


_BOX = [
    _column("finding", "STRING", "The finding, spelled as in `findings`."),
    _column("x", "FLOAT", "Left edge in pixels of the 1024 x 1024 film."),
    _column("y", "FLOAT", "Top edge in pixels of the 1024 x 1024 film."),
    _column("width", "FLOAT", "Width in pixels of the 1024 x 1024 film."),
    _column("height", "FLOAT", "Height in pixels of the 1024 x 1024 film."),
]

TABLE = "chest_xray_labels"
"""The table of the labels, in the stack's BigQuery dataset."""

KEY = ("image_index", "label_version")
"""What a row is found by: one row for each film and label version."""

UIDS = ("sop_instance_uid", "series_instance_uid", "study_instance_uid")
"""What a row keeps where a later load has no image of the film: an earlier one may have brought it."""

COLUMNS: tuple[Column, ...] = (
    _column("image_index", "STRING", "Image Index of the set, such as 00000001_000.png.", "REQUIRED"),
    _column("label_version", "STRING", "Release the labels are of: 2017, v2020, sample, or a name.", "REQUIRED"),
    _column("sop_instance_uid", "STRING", "SOP Instance UID (0008,0018) of the film in the DICOM store."),
    _column("series_instance_uid", "STRING", "Series Instance UID (0020,000E)."),
    _column("study_instance_uid", "STRING", "Study Instance UID (0020,000D)."),
    _column("patient_id", "STRING", "The set's patient: a number of eight digits in NIH's.", "REQUIRED"),
    _column("follow_up", "INTEGER", "Follow-up number: 0 for the patient's first film, then counting."),
    _column("findings", "STRING", "Findings as the set spells them; empty for No Finding.", "REPEATED"),
    _column("boxes", "RECORD", "Where a radiologist saw findings; empty for most films.", "REPEATED", _BOX),
    _column("age", "INTEGER", "Age in years; NULL where unknown or impossible."),
    _column("sex", "STRING", "M or F."),
    _column("view", "STRING", "View position: PA or AP."),
    _column("original_width", "INTEGER", "Width in pixels before scaling to 1024 x 1024."),
    _column("original_height", "INTEGER", "Height in pixels before scaling to 1024 x 1024."),
    _column("pixel_spacing_x", "FLOAT", "Horizontal spacing in mm of the original's pixels."),
    _column("pixel_spacing_y", "FLOAT", "Vertical spacing in mm of the original's pixels."),
    _column("split", "STRING", "Official split: train_val or test."),
)


def row_of(film: FilmRecord, uids: FilmUids | None) -> dict[str, Any]:
    """A film as a JSON row of the label table; without UIDs where it has no image in DICOM."""
    spacing = film.spacing or (None, None)
    return {
        "image_index": film.index,
        "label_version": film.version,
        "sop_instance_uid": uids.instance if uids else None,
        "series_instance_uid": uids.series if uids else None,
        "study_instance_uid": uids.study if uids else None,
        "patient_id": film.patient_id,
        "follow_up": film.follow_up,
        "findings": list(film.findings),
        "boxes": [
            {"finding": box.finding, "x": box.x, "y": box.y, "width": box.width, "height": box.height}
            for box in film.boxes
        ],
        "age": film.age,
        "sex": film.sex or None,
        "view": film.view or None,
        "original_width": film.width,
        "original_height": film.height,
        "pixel_spacing_x": spacing[0],
        "pixel_spacing_y": spacing[1],
        "split": film.split or None,
    }

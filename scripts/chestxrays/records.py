"""What the set's lists say of one film, whichever release they come from."""

from __future__ import annotations

from dataclasses import dataclass

NO_FINDING = "No Finding"
"""How the lists write that none of the fourteen findings was seen."""

FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Effusion",
    "Emphysema",
    "Fibrosis",
    "Hernia",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pleural_Thickening",
    "Pneumonia",
    "Pneumothorax",
)
"""The fourteen findings as the lists spell them (Wang et al., ChestX-ray8, extended to 14 in its archive's README)."""

TRAIN, TEST = "train_val", "test"
"""The two official splits."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a radiologist saw a finding: left, top, width and height in pixels of the 1024 x 1024 film."""

    finding: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class FilmRecord:
    """One film of the set.

    index is the `Image Index`, such as `00000001_000.png`, and names the film everywhere; patient_id is the set's, as
    eight digits. findings is empty for `No Finding`. age is in years, None where unknown or impossible; sex is "M",
    "F" or "", view "PA", "AP" or "". width and height are the original film's in pixels and spacing its pixel spacing
    (x, y) in mm: those of the film before it was scaled to 1024 x 1024; None where the list has none. split is TRAIN,
    TEST or "". version says which release the labels are of: "2017", "v2020", "sample", or the name of a list of one's
    own.
    """

    index: str
    patient_id: str
    follow_up: int = 0
    findings: tuple[str, ...] = ()
    age: int | None = None
    sex: str = ""
    view: str = ""
    width: int | None = None
    height: int | None = None
    spacing: tuple[float, float] | None = None
    boxes: tuple[Box, ...] = ()
    split: str = ""
    version: str = ""

"""A DICOM file de-identified as a whole: attributes, and text in pixels where the settings are about it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from mmap import mmap
from pathlib import Path

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.known import known_of
from emulator.deidentify.image import Mode, Wanted, detector, redact
from emulator.deidentify.settings import Settings
from emulator.deidentify.text.findings import FindingKind
from emulator.dicom.header import read_header

_PIECE = 1 << 20


@contextmanager
def deidentified(
    settings: Settings, data: mmap, beside: Path, found: Counter[FindingKind] | None = None
) -> Iterator[Iterable[bytes]]:
    """The pieces of the new file, in their order. `beside` is what names of temporary files begin with.

    `found` is added how many texts of each kind were replaced in the header and blackened in pixels.

    Raises DicomError and UnsupportedError, in one sentence, for a file that can't be followed as asked, DetectorMissing
    where text in pixels is to be found and nothing is installed that finds it, and ModelMissing.
    """
    cleans_pixels = settings.image.mode is not Mode.NONE
    cleaner = settings.cleaner()
    made = deidentify(data, settings.dicom, settings.secret, cleaner, cleans_pixels=cleans_pixels)
    if found is not None:
        found.update(made.found)
    if not cleans_pixels:
        yield made.chunks()
        return
    plain, clean = (beside.with_name(f"{beside.name}.{step}") for step in ("header", "pixels"))
    try:
        with plain.open("xb") as file:
            file.writelines(made.chunks())
        redacted = redact(plain, clean, wanted(settings, data), detector())
        if found is not None and redacted is not None:
            found.update(redacted.found)
        yield _chunks(plain if redacted is None else clean)
    finally:
        plain.unlink(missing_ok=True)
        clean.unlink(missing_ok=True)


def wanted(settings: Settings, data: mmap) -> Wanted:
    """What is to be blackened in the pixels of a file, by the settings and by what its header says of the patient."""
    contextual = settings.image.mode is Mode.SENSITIVE_AND_DESCRIPTORS
    known = known_of(read_header(data), contextual=contextual)
    return Wanted(settings.image, settings.image_cleaner(), known)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield chunk

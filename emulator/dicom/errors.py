"""What goes wrong while reading DICOM: one exception whose message is one sentence for a person."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

_log = logging.getLogger("emulator")


class DicomError(ValueError):
    """The bytes are not the DICOM they should be. The message never carries a patient's data."""


class UnsupportedError(ValueError):
    """The instance is sound, but what was asked of its pixels cannot be done here (no codec, no such frame...)."""


@contextmanager
def refusing_the_unforeseen() -> Iterator[None]:
    """Make any other exception of reading a file a DicomError, and log where it came from: that is a bug here.

    Exceptions of the file system and of a lack of memory, which are not the file's, pass.
    """
    try:
        yield
    except (DicomError, UnsupportedError, OSError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001 (whatever it is, it is of this file alone)
        _log.error("a DICOM file could not be read: %s", described(problem))
        raise DicomError(f"The file cannot be read as DICOM ({type(problem).__name__}).") from None


def described(problem: BaseException) -> str:
    """Say what failed and where, without the message: it may quote a patient's data."""
    frames = extract_tb(problem.__traceback__)
    return type(problem).__name__ + (f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "")

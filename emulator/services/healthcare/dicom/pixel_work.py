"""Work on an instance's pixels in the pool of processes: what it may cost, and what becomes of whatever goes wrong."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.dicom import limits
from emulator.dicom.errors import DicomError, UnsupportedError, described
from emulator.dicom.frames import PixelData
from emulator.errors import not_found
from emulator.pool import LIMITS, WorkerLost
from emulator.services.healthcare.dicom.find import Row, document_of

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.services.healthcare.dicom.transfer.selection import Exported

_Result = TypeVar("_Result")

_PIXELS = ("7FE00010", "7FE00008", "7FE00009")
_log = logging.getLogger("emulator")


async def decode(
    context: "Context",
    instance: "Row | Exported",
    numbers: Sequence[int] | None,
    function: Callable[..., _Result],
    *arguments: Any,
) -> _Result:
    """Call `function(path, *arguments)`, which decodes frames (from 1; None for all), in the pool.

    UnsupportedError, in one sentence, for whatever cannot be done with the instance, see `run`; before anything is
    decoded where its frames are more than `limits` allow. 404 where it was deleted meanwhile.
    """
    try:
        await asyncio.to_thread(check, context, instance, numbers)
        async with context.blobs.readable(instance.blob) as (path,):
            return await run(context, function, str(path), *arguments)
    except FileNotFoundError:
        raise not_found("The instance was deleted meanwhile.") from None


def check(context: "Context", instance: "Row | Exported", numbers: Sequence[int] | None) -> None:
    """Raise UnsupportedError unless these frames of an instance (None for all) may be decoded."""
    elements, bulk = document_of(context, instance.id)
    pixels = next((one for one in bulk if one.path in _PIXELS), None)
    if pixels is None:
        return
    place = PixelData(pixels.offset, pixels.length, pixels.encapsulated)
    with (
        context.blobs.plain(instance.blob) as path,
        path.open("rb") as file,
        mmap(file.fileno(), 0, access=ACCESS_READ) as data,
    ):
        limits.check(data, elements, place, instance.syntax, numbers)


async def run(context: "Context", function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call a function of `emulator.dicom` in the pool.

    UnsupportedError, in one sentence, for whatever it cannot do with this instance: what nobody foresaw, a process that
    crashed, took too long or wanted too much memory included. FileNotFoundError where the file was deleted meanwhile.
    """
    try:
        return await asyncio.wrap_future(context.pool.submit(function, *arguments))
    except (UnsupportedError, DicomError, FileNotFoundError):
        raise
    except WorkerLost as problem:
        _log.error("a call of %s was given up: %s", function.__name__, problem)
        raise UnsupportedError(f"The instance cannot be worked on: {problem}.") from None
    except MemoryError:
        most = f"{LIMITS.memory >> 30} GiB of memory"
        raise UnsupportedError(f"The instance cannot be worked on: that takes more than {most}.") from None
    except Exception as problem:  # noqa: BLE001 (codecs and pydicom raise what they like)
        _log.error("%s failed: %s", function.__name__, described(problem))
        raise UnsupportedError(f"The instance cannot be worked on ({type(problem).__name__}).") from None

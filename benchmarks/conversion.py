"""Chest X-rays from PNG to DICOM: what is added to the bare decoding of the PNG, and what a second core brings."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from imagecodecs import png_decode

from benchmarks.figures import Figure, speeds, timed
from scripts.chestxrays.archive import open_archive
from scripts.chestxrays.convert import Syntax, compressed, to_dicom
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.rehearsal import NO_QUIRKS, write_set
from scripts.demonstration.places import Places

_FILMS, _ROUNDS, _TURNS = 40, 7, 5

_Loaded = list[tuple[bytes, FilmRecord]]


def conversion(places: Places) -> list[Figure]:
    """Films of 1024 x 1024 pixels in memory. On one core by the processor's time, which others' work leaves alone."""
    folder = places.results / "films"
    write_set(folder, _FILMS, quirks=NO_QUIRKS)
    films: _Loaded = [(file.read(), record) for record, file in open_archive(folder)]
    return [*(_beside_codecs(films, syntax) for syntax in Syntax), _two_cores(films)]


def _beside_codecs(films: _Loaded, syntax: Syntax) -> Figure:
    """The rate of conversion to that of the codecs alone: decoding the PNG, and encoding where the syntax wants it."""
    convert, codecs = partial(_convert, films, syntax), partial(_codecs, films, syntax)
    codecs()
    convert()
    number = _ROUNDS if syntax is Syntax.UNCOMPRESSED else 1
    pairs = [(_processor_time(convert), _processor_time(codecs)) for _ in range(number)]
    name = f"conversion to DICOM, {syntax}, beside its codecs"
    return speeds(name, *zip(*pairs, strict=True), goal=0.7 if syntax is Syntax.UNCOMPRESSED else 0.9)


def _codecs(films: _Loaded, syntax: Syntax) -> None:
    for image, _ in films:
        pixels = png_decode(image)
        if syntax is not Syntax.UNCOMPRESSED:
            compressed(pixels, syntax)


def _processor_time(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _two_cores(films: _Loaded) -> Figure:
    """Each process converts its own copy of the films several times, so that sending them does not count."""

    def took(pool: ProcessPoolExecutor, processes: int) -> float:
        return timed(lambda: list(pool.map(partial(_repeat, films), range(processes))))

    ratios = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        took(pool, 2)
        for _ in range(3):
            one, two = took(pool, 1), took(pool, 2)
            ratios.append(2 * one / two)
    return Figure("conversion to DICOM, two processes to one", tuple(ratios), 1.8)


def _convert(films: _Loaded, syntax: Syntax) -> None:
    for image, record in films:
        to_dicom(image, record, syntax)


def _repeat(films: _Loaded, _: Any) -> None:
    for _turn in range(_TURNS):
        _convert(films, Syntax.UNCOMPRESSED)

"""One DICOM file de-identified: read once, written in parts, with a report of what became of each attribute."""

import functools
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import mmap

from emulator.deidentify.dicom import known, marks, meta, tables
from emulator.deidentify.dicom.changes import InstanceChanges
from emulator.deidentify.dicom.deciding import Place
from emulator.deidentify.dicom.encoding import Encoding
from emulator.deidentify.dicom.pieces import Pieces
from emulator.deidentify.dicom.plans import Plan, plan
from emulator.deidentify.dicom.report import Report, Row
from emulator.deidentify.dicom.rewriting import Level, Rewriter
from emulator.deidentify.dicom.rules import DicomRules, Profile
from emulator.deidentify.dicom.texts import Texts
from emulator.deidentify.keys import Secret
from emulator.deidentify.text.cleaner import Cleaner
from emulator.deidentify.text.findings import FindingKind
from emulator.deidentify.text.rules import TextRules
from emulator.dicom.deflated import inflate
from emulator.dicom.errors import DicomError, refusing_the_unforeseen
from emulator.dicom.header import encoding, read_header, require_dicom
from emulator.dicom.heads import Buffer, Heads, Scope
from emulator.dicom.syntaxes import DEFLATED_DATASETS

_SOP_CLASS = 0x00080016
_STREAM_CLEANING = frozenset((Profile.BASIC, Profile.MINIMAL, Profile.KEEP_LIST))
"""Profiles after which nothing stays but what they name: comments and application data in compressed frames neither."""


@dataclass
class Deidentified:
    """A file without what the rules take away.

    found   how many texts of each kind were replaced
    rows    what became of each attribute, where a report was asked for
    """

    found: Counter[FindingKind]
    rows: list[Row]
    _meta: bytes = field(repr=False)
    _pieces: Pieces = field(repr=False)
    _data: Buffer = field(repr=False)
    _deflated: bool = False

    def chunks(self) -> Iterator[bytes]:
        """The new file in its order, piece by piece; the file that it was made of must still be open."""
        yield self._meta
        plain = self._pieces.chunks(self._data)
        yield from _deflating(plain) if self._deflated else plain

    def content(self) -> bytes:
        """The whole new file."""
        return b"".join(self.chunks())


def deidentify(
    data: bytes | mmap,
    rules: DicomRules,
    secret: Secret,
    cleaner: Cleaner | None = None,
    *,
    cleans_pixels: bool = False,
    report: bool = False,
) -> Deidentified:
    """De-identify a Part 10 file, given as bytes or a memory map; what can be seen in its pixels stays as it is.

    `cleaner` inspects texts where the rules say so; without one they are left alone. `cleans_pixels` says that somebody
    else removes burned-in text, for the object to tell so. DicomError, in one sentence, for a file that is not sound.
    """
    with refusing_the_unforeseen():
        return _deidentified(data, rules, secret, cleaner, cleans_pixels=cleans_pixels, report=report)


def _deidentified(
    data: Buffer, rules: DicomRules, secret: Secret, cleaner: Cleaner | None, *, cleans_pixels: bool, report: bool
) -> Deidentified:
    require_dicom(data)
    texts = functools.cache(lambda: _texts(data, rules, secret, cleaner or Cleaner(TextRules.empty(), secret)))
    changes, told = InstanceChanges(secret, texts), Report() if report else None
    head = meta.rewritten(data, plan(rules, Place("")), changes, told)
    deflated = head.transfer_syntax in DEFLATED_DATASETS
    body = inflate(data, head.dataset_offset) if deflated else data
    how = Encoding(*encoding(body, head.transfer_syntax, head.dataset_offset))
    iod = tables.iod(_sop_class(body, how, head.dataset_offset) or head.sop_class)
    level = Level(plan(rules, Place(iod), how.endian), Scope(how.implicit), Pieces())
    # A file may say one thing and do another: new elements are written as those beside them are.
    bare = how.implicit or Heads(body, how.endian).looks_implicit(head.dataset_offset)
    new = _marks(rules, level.plan, Encoding(how.endian, bare), cleans_pixels=cleans_pixels)
    cleans_streams = cleans_pixels or rules.profile in _STREAM_CLEANING
    rewriter = Rewriter(body, how.endian, changes, told, cleans_streams=cleans_streams)
    reached = rewriter.dataset(head.dataset_offset, len(body), level, new)
    if any(body[reached : reached + 8]):
        raise DicomError(f"The file is truncated: {len(body) - reached} bytes are left after its last attribute.")
    found = texts().found if texts.cache_info().currsize else Counter()
    return Deidentified(found, told.rows if told else [], head.written, level.out, body, deflated)


def _texts(data: Buffer, rules: DicomRules, secret: Secret, cleaner: Cleaner) -> Texts:
    header = read_header(data)
    return Texts(cleaner, secret, known.known_of(header, contextual=rules.clean_descriptors), known.patient_of(header))


def _marks(rules: DicomRules, top: Plan, how: Encoding, *, cleans_pixels: bool) -> list[tuple[int, bytes]]:
    """What the object is to say of its de-identification: something only where the Basic Profile was its rule."""
    if rules.profile is not Profile.BASIC:
        return []
    codes = [
        marks.BASIC,
        *([marks.CLEAN_PIXELS] if cleans_pixels else []),
        *([marks.CLEAN_DESCRIPTORS] if rules.clean_descriptors else []),
        *([marks.RETAIN_UIDS] if rules.keep_ids else []),
    ]
    return [(each.tag, each.data) for each in marks.marks(codes, how) if top.of(each.tag, each.vr).why == marks.WHY]


def _sop_class(data: Buffer, how: Encoding, pos: int) -> str:
    """The SOP class that a dataset names near its beginning, "" if it does not."""
    heads = Heads(data, how.endian)
    while len(data) - pos >= 8:
        group, element = heads.tag(data, pos)
        _, at, length = heads.head(pos, len(data), how.implicit)
        if (group << 16 | element) >= _SOP_CLASS or length > len(data) - at:
            found = (group << 16 | element) == _SOP_CLASS and length <= 64
            return data[at : at + length].decode("latin-1").strip("\0 ") if found else ""
        pos = at + length
    return ""


def _deflating(plain: Iterator[bytes]) -> Iterator[bytes]:
    """A dataset deflated, with an even length (PS3.5 A.5)."""
    machine, size = zlib.compressobj(wbits=-zlib.MAX_WBITS), 0
    for piece in plain:
        packed = machine.compress(piece)
        size += len(packed)
        yield packed
    end = machine.flush()
    yield end + b"\0" * ((size + len(end)) % 2)

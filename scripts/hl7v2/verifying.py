"""Comparing an HL7v2 store with the messages that were sent to it, by hashes of their bytes. Nothing is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from scripts.comparison import Comparison
from scripts.hl7v2.documents import messages_in

if TYPE_CHECKING:
    from scripts.console import Progress
    from scripts.documents import Document
    from scripts.hl7v2.service import Hl7v2Store


def compare(store: Hl7v2Store, documents: Iterable[Document], bar: Progress, *, whole: bool) -> Comparison:
    """Compare each message of `documents` with what the store holds, byte for byte.

    `whole`: the documents are all there should be, so that what else the store holds is a difference, too.
    """
    held = {_hash(raw): name for name, raw in store.contents()}
    result, seen = Comparison(), set[bytes]()
    for found in (found for document in documents for found in messages_in(document)):
        if found.problem:
            result.found.append(("no message", f"{found.label} ({found.problem})"))
            continue
        result.compared += 1
        bar.update(result.compared)
        seen.add(key := _hash(found.raw))
        if key not in held:
            result.found.append(("missing in the store", found.label))
    if whole:
        result.add("only in the store", _ids(name for key, name in held.items() if key not in seen))
    return result


def _hash(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def _ids(names: Iterable[str]) -> Iterator[str]:
    return (name.rpartition("/")[2] for name in names)

"""What the lines of a page need, to be run by a test as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

GOOGLE: Final = "It works on real Google Cloud alone."
OTHERS: Final = "It needs a program that is no part of the project and that set-up does not bring."
REGISTRY: Final = "It fetches packages from a registry, and no test leaves this machine."
CHECKS: Final = "It runs the tests and checks, this one among them."
RUNS: Final = "What it starts runs already."
MEASURES: Final = "It measures for minutes, and there is nothing that it should come to."
READERS: Final = "It stands for a program of the reader's."
REASONS: Final = frozenset((GOOGLE, OTHERS, REGISTRY, CHECKS, RUNS, MEASURES, READERS))


@dataclass(frozen=True)
class Arrangement:
    """How a page is run. Lines are named by how they begin; a name that no line has fails the tests.

    Args:
        before: a script that makes what the page takes for granted, in the folder where its lines are run, with the
            functions of stock/functions.sh; the shell of the lines begins after it.
        first: what the shell of the lines runs before them: variables and the like.
        stand_ins: words of the page, each with what a reader would write there: text of bash in double quotes, worked
            out after `before`.
        not_run: lines that are not run, each with its reason, or with the file of the test that does so in their place.
        fails: lines that end with an error, as the page says.
        stays: lines that run on until somebody stops them, each with the condition in bash that holds once it works.
        after: a script that stops what the lines have started beside the emulator.
        alone: whether the page needs no stack.
    """

    before: str = ""
    first: str = ""
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    not_run: Mapping[str, str] = field(default_factory=dict)
    fails: tuple[str, ...] = ()
    stays: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    alone: bool = False

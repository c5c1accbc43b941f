"""What was measured: ratios to a peer or a limit of the same run, round by round, printed beside the goals."""

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

TIMES = "x"


@dataclass(frozen=True)
class Figure:
    """What was measured for one piece of work.

    `values` are the rounds, each a ratio to the peer's in the same round ("x"), or another unit where a goal is no
    ratio; `goal` is the least (`more_is_better`: rates) or the most (waits, memory) that is wanted, None where there is
    none. `note` says what was reached in absolute figures. `missing` is why there is nothing to compare with.
    """

    name: str
    values: tuple[float, ...]
    goal: float | None = None
    more_is_better: bool = True
    unit: str = TIMES
    note: str = field(default="", compare=False)
    missing: str = ""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.values)

    @property
    def is_reached(self) -> bool | None:
        """Whether the median keeps to the goal; None without goal or figure."""
        if self.goal is None or self.missing:
            return None
        return self.median >= self.goal if self.more_is_better else self.median <= self.goal


def rates(name: str, ours: tuple[float, ...], theirs: tuple[float, ...], *, goal: float | None = None) -> Figure:
    """How many times the peer's rate (work a second) ours is, round by round."""
    ratios = tuple(mine / other for mine, other in zip(ours, theirs, strict=True))
    return Figure(name, ratios, goal, note=_reached(ours, theirs, "/s"))


def waits(name: str, ours: tuple[float, ...], theirs: tuple[float, ...], *, goal: float | None = None) -> Figure:
    """How many times as long as for the peer (seconds) ours takes, round by round."""
    ratios = tuple(mine / other for mine, other in zip(ours, theirs, strict=True))
    return Figure(name, ratios, goal, more_is_better=False, note=_reached(ours, theirs, " s"))


def speeds(name: str, ours: tuple[float, ...], theirs: tuple[float, ...], *, goal: float | None = None) -> Figure:
    """How many times as fast as the peer (both in seconds for the same work) we are, round by round."""
    ratios = tuple(other / mine for mine, other in zip(ours, theirs, strict=True))
    return Figure(name, ratios, goal, note=_reached(ours, theirs, " s"))


def absent(name: str, reason: str, goal: float | None = None) -> Figure:
    """The row of a piece of work whose peer can't be had."""
    return Figure(name, (), goal, missing=reason)


def _reached(ours: tuple[float, ...], theirs: tuple[float, ...], unit: str) -> str:
    return f"{statistics.median(ours):.3g} to {statistics.median(theirs):.3g}{unit}"


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def processor_seconds(work: Callable[[], object]) -> float:
    """Seconds of processor time that programs take which `work` runs to their ends, in the system's part, too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def in_turn(number: int, *works: Callable[[], object]) -> list[tuple[float, ...]]:
    """The seconds of each work in `number` rounds. Who begins changes, so that what drifts favours nobody."""
    taken: list[list[float]] = [[] for _ in works]
    for turn in range(number):
        order = range(len(works)) if turn % 2 == 0 else range(len(works) - 1, -1, -1)
        for place in order:
            taken[place].append(timed(works[place]))
    return [tuple(each) for each in taken]


def table(figures: list[Figure]) -> str:
    """The figures as Markdown: median, spread, goal, and whether the median keeps to it."""
    lines = ["| work (ours to the other's) | median | min to max | goal | reached |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_line, figures)])


def _line(figure: Figure) -> str:
    goal = "" if figure.goal is None else f"{'at least' if figure.more_is_better else 'at most'} {figure.goal:g}"
    if figure.missing:
        return f"| {figure.name} | - | {figure.missing} | {goal} | |"
    note = f" ({figure.note})" if figure.note else ""
    spread = f"{min(figure.values):.3g} to {max(figure.values):.3g}" if len(figure.values) > 1 else ""
    reached = {None: "", True: "yes", False: "no"}[figure.is_reached]
    return f"| {figure.name}{note} | {figure.median:.3g} {figure.unit} | {spread} | {goal} | {reached} |"

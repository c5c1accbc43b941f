"""Measures and prints: median and spread of several rounds, beside a goal."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """What was measured for one piece of work.

    `values` are the rounds, in `unit`; `goal` is the most (for seconds and megabytes) or the least (for rates) that
    is wanted, None where there is no goal.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    goal: float | None = None
    more_is_better: bool = False
    note: str = field(default="", compare=False)

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        """How many times better than the goal: 2.0 is twice as good, 0.5 half as good."""
        if self.goal is None or not self.median:
            return None
        return self.median / self.goal if self.more_is_better else self.goal / self.median


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rounds(name: str, number: int, work: Callable[[], object], goal: float | None = None) -> Figure:
    """Do `work` a number of times and give the seconds each took."""
    print(f"  {name} ...", file=sys.stderr, flush=True)
    return Figure(name, "s", tuple(timed(work) for _ in range(number)), goal)


def table(figures: list[Figure]) -> str:
    """The figures as Markdown: median, spread, goal, and how many times better than the goal."""
    lines = ["| work | median | min to max | goal | times the goal |", "|---|---|---|---|---|"]
    for figure in figures:
        low, high = min(figure.values), max(figure.values)
        goal = (
            ""
            if figure.goal is None
            else f"{'over' if figure.more_is_better else 'under'} {figure.goal:g} {figure.unit}"
        )
        ratio = "" if figure.ratio is None else f"{figure.ratio:.1f}"
        note = f" ({figure.note})" if figure.note else ""
        spread = f"{low:.3g} to {high:.3g}" if len(figure.values) > 1 else ""
        lines.append(f"| {figure.name}{note} | {figure.median:.3g} {figure.unit} | {spread} | {goal} | {ratio} |")
    return "\n".join(lines)

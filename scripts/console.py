"""What a command shows: results on standard output, progress and remarks on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

from scripts.legible import legible, legible_json, plain_cell

_BAR = 20
"""Cells of a progress bar, on any terminal."""
_NUMBERS = 46
"""Cells for what stands beside it at most, with the gaps: 112120/112120, 12,345/s and two times."""
_SHORTEST = 16
_UNREAD = 141
"""What a shell sees of a program that SIGPIPE has ended: 128 and the signal's number."""


class _Quiet:
    """Whether progress and remarks on how it went are left out, for one run of a command."""

    wanted = False


def be_quiet(wanted: bool) -> None:
    """Leave progress and notes out, or not, from now on."""
    _Quiet.wanted = wanted


class Progress(Protocol):
    """Progress of one piece of work; silent where nobody watches."""

    def advance(self, steps: int = 1) -> None:
        """`steps` more are done."""

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """So many are done now, of `total` where that is known."""


class _Silent:
    def advance(self, steps: int = 1) -> None:
        pass

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        pass


class _Bar:
    def __init__(self, bar: Any, task: Any) -> None:
        self._bar = bar
        self._task = task

    def advance(self, steps: int = 1) -> None:
        self._bar.advance(self._task, steps)

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        self._bar.update(self._task, completed=done, total=total, note=legible(note))


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Progress]:
    """A progress bar on standard error while the block runs; nothing when that is not a terminal."""
    if _Quiet.wanted or not sys.stderr.isatty():
        yield _Silent()
        return
    from rich import progress as bars
    from rich.console import Console
    from rich.table import Column
    from rich.text import Text

    console = Console(stderr=True)

    class Rate(bars.ProgressColumn):
        def render(self, task: bars.Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    class Shortened(bars.ProgressColumn):
        """One of the two texts, as long as there is room for; the bar keeps its width."""

        def __init__(self, of: Callable[[bars.Task], tuple[str, str]]) -> None:
            super().__init__()
            self._of = of

        def render(self, task: bars.Task) -> Text:
            text, other = map(Text, self._of(task))
            room = max(console.width - _BAR - _NUMBERS, _SHORTEST)
            text.truncate(max(room // 2, room - other.cell_len), overflow="ellipsis")
            return text

    columns = (
        Shortened(lambda task: (task.description, task.fields["note"])),
        bars.BarColumn(_BAR, table_column=Column(width=_BAR)),
        bars.MofNCompleteColumn(),
        Rate(),
        bars.TimeElapsedColumn(),
        bars.TimeRemainingColumn(),
        Shortened(lambda task: (task.fields["note"], task.description)),
    )
    with bars.Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar, bar.add_task(legible(title), total=total, note=""))


def note(text: str) -> None:
    """Say how it goes, or went, on standard error, in one line; --quiet leaves it out."""
    if not _Quiet.wanted:
        remark(text)


def remark(text: str) -> None:
    """Say what the person must know on standard error, in one line: what failed, what was left out, what to do."""
    sys.stderr.write(legible(text) + "\n")
    sys.stderr.flush()


def say(text: str) -> None:
    """Print one line of a result on standard output."""
    _write(legible(text) + "\n")


def say_lines(text: str) -> None:
    """Print a result of several lines, such as a file to copy, on standard output."""
    for line in text.split("\n"):
        say(line)


def say_cells(cells: Sequence[object]) -> None:
    """Print one tab-separated line of a result, at once."""
    _write("\t".join(map(plain_cell, cells)) + "\n", at_once=True)


def _write(text: str, *, at_once: bool = False) -> None:
    """Write to standard output; where nobody reads on, as after `| head`, the command ends without a word."""
    try:
        sys.stdout.write(text)
        if at_once:
            sys.stdout.flush()
    except BrokenPipeError:
        end_unread()


def end_unread() -> NoReturn:
    """End as a program does whose reader has gone: without a word, and with its exit code."""
    # What is still buffered would be written at the end, and fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(_UNREAD)


def confirmed(question: str, *, abort: bool = False) -> bool:
    """Whether the person says yes; with `abort`, a no ends the command."""
    import typer  # slow, and nobody may be there to ask

    return typer.confirm(legible(question), err=True, abort=abort)


def interactive() -> bool:
    """Whether a person can be asked something."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_json(value: Any) -> None:
    """Print one JSON document on standard output."""
    say_json(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say_json(document: str) -> None:
    """Print a JSON document that is a text already on standard output."""
    _write(legible_json(document) + "\n")


def print_json_line(value: Any) -> None:
    """Print one JSON document on one line, at once: for streams of them."""
    _write(legible_json(json.dumps(value, ensure_ascii=False, default=str)) + "\n", at_once=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under `columns`: drawn on a terminal, tab-separated for another program."""
    filled = [["" if value is None else value for value in row] for row in rows]
    if not sys.stdout.isatty():
        say_cells(columns)
        for row in filled:
            say_cells(row)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(Text(legible(column)), overflow="fold")
    for row in filled:
        table.add_row(*(Text(legible(str(value))) for value in row))
    Console().print(table)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: `1 file`, `1,000 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def amount(size: int) -> str:
    """Bytes as people read them: `817 bytes`, `12.3 kB`, `1,234.5 MB`; a kB is a thousand."""
    if size < 1000:
        return count(size, "byte")
    return f"{size / 1e3:,.1f} kB" if size < 1e6 else f"{size / 1e6:,.1f} MB"


def tally(done: str, *, already: int = 0, failed: int = 0, left: int = 0) -> str:
    """What came of many files in one line: what was `done`, then how many were there, failed, or not tried."""
    parts = [done]
    if already:
        parts.append(f"{already:,} there already")
    if failed:
        parts.append(f"{failed:,} failed")
    if left:
        parts.append(f"{left:,} not tried: run the same command again to go on")
    return "; ".join(parts)

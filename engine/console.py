"""What set-up and demo say while they work: a line per step with its name, progress and duration."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Step:
    """One step under way. `progress` may be called as often as there is something to tell, `result` once at the end."""

    name: str
    stream: TextIO
    started: float = field(default_factory=time.monotonic)
    outcome: str = ""

    def progress(self, text: str) -> None:
        """Show how far the step is, on a terminal only; the line is written over by the next one."""
        if self.stream.isatty():
            self.stream.write(f"\r\033[K  {self.name}: {text[:100]}")
            self.stream.flush()

    def result(self, text: str) -> None:
        """What the step came to, shown with its duration when it ends."""
        self.outcome = text


def duration(seconds: float) -> str:
    """Seconds as people read them: `0.4 s`, `12 s`, `3 min 5 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def step(name: str, stream: TextIO | None = None) -> Iterator[Step]:
    """Show a step: its name when it starts, its outcome and duration when it ends."""
    current = Step(name, stream or sys.stderr)
    current.progress("...")
    try:
        yield current
    except BaseException:
        current.result("stopped")
        raise
    finally:
        taken = duration(time.monotonic() - current.started)
        cleared = "\r\033[K" if current.stream.isatty() else ""
        title = f"{name}: " if name.strip() else name
        outcome = f"{current.outcome}, " if current.outcome else ""
        print(f"{cleared}  {title}{outcome}{taken}", file=current.stream, flush=True)

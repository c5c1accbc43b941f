"""What is brought from a stack's stores to be looked at."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.connection import connect
from scripts.errors import CommandError, ExitCode
from scripts.leaks import sides
from tests.scripts.conftest import Live


def test_a_store_that_is_brought_in_part_is_not_looked_at(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_work: Callable[[Any], Any], _items: Iterable[Any], stop: threading.Event) -> Iterator[tuple[Any, Any]]:
        stop.set()  # as run_parallel does where Ctrl-C is pressed
        yield from ()

    monkeypatch.setattr(sides, "run_parallel", stopped)
    with connect(None, live.path) as target, pytest.raises(CommandError, match="nothing is said of any") as raised:
        sides.bring(target, target.outputs.dicom_store_name, [], tmp_path)
    assert raised.value.exit_code == ExitCode.PARTLY_DONE

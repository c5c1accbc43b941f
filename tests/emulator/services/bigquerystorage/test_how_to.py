"""The example of docs/how-to/bigquery-storage.md does what it says."""

import re
import subprocess
import sys

from tests.support.emulator import ROOT, RunningEmulator


def test_the_example_in_python_reads_by_the_storage_api(emulator: RunningEmulator) -> None:
    page = (ROOT / "docs/how-to/bigquery-storage.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example], env=emulator.environment(), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("100000\n", 0), done.stderr

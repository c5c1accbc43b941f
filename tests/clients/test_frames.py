"""Tables: gcsfs, pandas and Arrow on gs:// addresses, and BigQuery's rows where its storage client is installed."""

from tests.clients.conftest import Run, skip_without
from tests.clients.prepare import FRAMES, HERE

pytestmark = skip_without(FRAMES)


def test_files(run: Run) -> None:
    run(FRAMES.folder / "bin" / "python", HERE / "frames" / "files.py", "of-frames")


def test_rows(run: Run) -> None:
    run(FRAMES.folder / "bin" / "python", HERE / "frames" / "rows.py")

"""What steps count, and where the chain exports to."""

Counts = dict[str, int]
"""Numbers of files, studies, instances, resources or messages by what became of them.

"failed" is what a person should look at, and 0 where all is well.
"""
FOLDER = "nightly"
"""The folder of the export bucket into which stores are exported."""


def place(bucket: str, *names: str) -> str:
    """A folder for nightly exports, as gs://BUCKET/nightly/NAMES/."""
    return f"gs://{bucket}/{'/'.join((FOLDER, *names))}/"

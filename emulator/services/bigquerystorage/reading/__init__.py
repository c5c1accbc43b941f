"""BigQueryRead: read sessions, the rows of their streams, and how a stream is split."""

from emulator.services.bigquerystorage.reading import creating, job_streams, rows, splitting

__all__ = ["creating", "job_streams", "rows", "splitting"]

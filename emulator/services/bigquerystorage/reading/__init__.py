"""BigQueryRead: read sessions, the rows of their streams, and how a stream is split."""

from emulator.services.bigquerystorage.reading import creating, rows, splitting

__all__ = ["creating", "rows", "splitting"]

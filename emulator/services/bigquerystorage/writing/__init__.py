"""BigQueryWrite: write streams, and the rows that are appended to them."""

from emulator.services.bigquerystorage.writing import appending, methods

__all__ = ["appending", "methods"]

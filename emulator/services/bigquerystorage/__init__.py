"""BigQuery's Storage APIs: tables read as Arrow and Avro, rows written by streams; rows and engine are BigQuery's."""

from emulator.services.bigquerystorage import reading, writing
from emulator.services.bigquerystorage.service import SERVICE

__all__ = ["SERVICE", "reading", "writing"]

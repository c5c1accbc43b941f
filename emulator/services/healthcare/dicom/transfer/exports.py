"""dicomStores.export: the instances of a store, or those that a filter file names, to files or to a table."""

from typing import Any

from emulator.services.healthcare.dicom.store import DICOM
from emulator.services.healthcare.dicom.transfer import to_bigquery, to_storage
from emulator.services.healthcare.transfer import exports
from emulator.services.healthcare.transfer.exports import Destination, Exporter


def _options(body: dict[str, Any]) -> dict[str, Any]:
    return {"filterConfig": body["filterConfig"]} if "filterConfig" in body else {}


exports.register(
    DICOM,
    Exporter(
        "dicom.DicomService.ExportDicomData",
        "dicom.ExportDicomDataResponse",
        {
            "gcsDestination": Destination(to_storage.check, to_storage.run),
            "bigqueryDestination": Destination(to_bigquery.parse, to_bigquery.run),
        },
        options=_options,
    ),
)

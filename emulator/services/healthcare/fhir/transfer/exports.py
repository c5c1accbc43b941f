"""fhirStores.export: the current versions of a store's resources, to files or to tables."""

from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.transfer import selection, to_bigquery, to_storage
from emulator.services.healthcare.transfer import exports
from emulator.services.healthcare.transfer.exports import Destination, Exporter

exports.register(
    FHIR,
    Exporter(
        "fhir.FhirService.ExportFhirData",
        "fhir.rest.ExportResourcesResponse",
        {
            "gcsDestination": Destination(to_storage.check, to_storage.run),
            "bigqueryDestination": Destination(to_bigquery.check, to_bigquery.run),
        },
        options=selection.options,
    ),
)

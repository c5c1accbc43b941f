"""hl7V2Stores.export: messages to files in Cloud Storage, or their names to a topic."""

from emulator.services.healthcare.hl7v2.store import HL7V2
from emulator.services.healthcare.hl7v2.transfer import selection, to_pubsub, to_storage
from emulator.services.healthcare.transfer import exports
from emulator.services.healthcare.transfer.exports import Destination, Exporter

exports.register(
    HL7V2,
    Exporter(
        "hl7v2.Hl7V2Service.ExportMessages",
        "hl7v2.ExportMessagesResponse",
        {
            "gcsDestination": Destination(to_storage.check, to_storage.run),
            "pubsubDestination": Destination(to_pubsub.check, to_pubsub.run),
        },
        options=selection.options,
    ),
)

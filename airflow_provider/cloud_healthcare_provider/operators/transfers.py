"""Operators that import into stores and export from them.

`store` is a full name everywhere, projects/P/locations/L/datasets/D/dicomStores/S, fhirStores/S or hl7V2Stores/S.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.exceptions import AirflowException

from cloud_healthcare_provider.hook import Json
from cloud_healthcare_provider.operators.operation import OWN_FIELDS, HealthcareOperationOperator
from cloud_healthcare_provider.stores import require_store


class DicomImportOperator(HealthcareOperationOperator):
    """Import DICOM files of Cloud Storage into a DICOM store (dicomStores.import).

    Args:
        store: the store's full name.
        gcs_uri: which objects, with the API's wildcards: gs://BUCKET/FOLDER/**.dcm.
        blob_storage_class: STANDARD, NEARLINE, COLDLINE or ARCHIVE; "" leaves it to the store.
    """

    template_fields: Sequence[str] = ("store", "gcs_uri", "blob_storage_class", *OWN_FIELDS)

    def __init__(self, *, store: str, gcs_uri: str, blob_storage_class: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.store = store
        self.gcs_uri = gcs_uri
        self.blob_storage_class = blob_storage_class

    def request(self) -> tuple[str, str, Json]:
        """The import. Raises AirflowException for a name that is none of a DICOM store."""
        body: Json = {"gcsSource": {"uri": self.gcs_uri}}
        if self.blob_storage_class:
            body["blobStorageSettings"] = {"blobStorageClass": self.blob_storage_class}
        return require_store(self.store, "dicomStores"), "import", body


class FhirImportOperator(HealthcareOperationOperator):
    """Import FHIR resources of Cloud Storage into a FHIR store (fhirStores.import).

    Args:
        store: the store's full name.
        gcs_uri: which objects, with the API's wildcards: gs://BUCKET/FOLDER/*.ndjson.
        content_structure: RESOURCE (a resource a line), BUNDLE, RESOURCE_PRETTY or BUNDLE_PRETTY (one a file).
    """

    template_fields: Sequence[str] = ("store", "gcs_uri", "content_structure", *OWN_FIELDS)

    def __init__(self, *, store: str, gcs_uri: str, content_structure: str = "RESOURCE", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.store = store
        self.gcs_uri = gcs_uri
        self.content_structure = content_structure

    def request(self) -> tuple[str, str, Json]:
        """The import. Raises AirflowException for a name that is none of a FHIR store."""
        body = {"gcsSource": {"uri": self.gcs_uri}, "contentStructure": self.content_structure}
        return require_store(self.store, "fhirStores"), "import", body


class Hl7v2ImportOperator(HealthcareOperationOperator):
    """Import HL7v2 messages of Cloud Storage into an HL7v2 store (hl7V2Stores.import).

    Args:
        store: the store's full name.
        gcs_uri: which objects, each a message a line in JSON: gs://BUCKET/FOLDER/*.ndjson.
    """

    template_fields: Sequence[str] = ("store", "gcs_uri", *OWN_FIELDS)

    def __init__(self, *, store: str, gcs_uri: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.store = store
        self.gcs_uri = gcs_uri

    def request(self) -> tuple[str, str, Json]:
        """The import. Raises AirflowException for a name that is none of an HL7v2 store."""
        return require_store(self.store, "hl7V2Stores"), "import", {"gcsSource": {"uri": self.gcs_uri}}


class DicomExportOperator(HealthcareOperationOperator):
    """Export instances to Cloud Storage, or their metadata to a BigQuery table (dicomStores.export).

    Args:
        store: the store's full name.
        gcs_uri_prefix: gs://BUCKET/FOLDER, where instances go; this or `table_uri`.
        mime_type: what instances become there, as "image/png"; "" leaves them as they are stored.
        table_uri: bq://PROJECT.DATASET.TABLE, where metadata goes.
        write_disposition: WRITE_EMPTY, WRITE_TRUNCATE or WRITE_APPEND, for a table that is there.
        filter_uri: gs://BUCKET/OBJECT with a line for each study, series or instance to export; "" for all.
    """

    template_fields: Sequence[str] = (
        *("store", "gcs_uri_prefix", "mime_type", "table_uri", "write_disposition", "filter_uri"),
        *OWN_FIELDS,
    )

    def __init__(
        self,
        *,
        store: str,
        gcs_uri_prefix: str = "",
        mime_type: str = "",
        table_uri: str = "",
        write_disposition: str = "WRITE_EMPTY",
        filter_uri: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.store = store
        self.gcs_uri_prefix = gcs_uri_prefix
        self.mime_type = mime_type
        self.table_uri = table_uri
        self.write_disposition = write_disposition
        self.filter_uri = filter_uri

    def request(self) -> tuple[str, str, Json]:
        """The export. Raises AirflowException for no place or two, or a name that is none of a DICOM store."""
        require_one(gcs_uri_prefix=self.gcs_uri_prefix, table_uri=self.table_uri)
        if self.table_uri:
            body: Json = {
                "bigqueryDestination": {"tableUri": self.table_uri, "writeDisposition": self.write_disposition}
            }
        else:
            body = {"gcsDestination": given(uriPrefix=self.gcs_uri_prefix, mimeType=self.mime_type)}
        if self.filter_uri:
            body["filterConfig"] = {"resourcePathsGcsUri": self.filter_uri}
        return require_store(self.store, "dicomStores"), "export", body


class FhirExportOperator(HealthcareOperationOperator):
    """Export resources to Cloud Storage, or to tables of a BigQuery dataset (fhirStores.export).

    Args:
        store: the store's full name.
        gcs_uri_prefix: gs://BUCKET/FOLDER, where an object for each type goes; this or `dataset_uri`.
        dataset_uri: bq://PROJECT.DATASET, where a table for each type goes.
        schema_type: ANALYTICS or ANALYTICS_V2, the tables' columns.
        write_disposition: WRITE_EMPTY, WRITE_TRUNCATE or WRITE_APPEND, for tables that are there.
        since: only resources that changed at that time or later, in RFC 3339; "" for all.
        types: only these resource types, separated by commas; "" for all.
    """

    template_fields: Sequence[str] = (
        *("store", "gcs_uri_prefix", "dataset_uri", "schema_type", "write_disposition", "since", "types"),
        *OWN_FIELDS,
    )

    def __init__(
        self,
        *,
        store: str,
        gcs_uri_prefix: str = "",
        dataset_uri: str = "",
        schema_type: str = "ANALYTICS_V2",
        write_disposition: str = "WRITE_EMPTY",
        since: str = "",
        types: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.store = store
        self.gcs_uri_prefix = gcs_uri_prefix
        self.dataset_uri = dataset_uri
        self.schema_type = schema_type
        self.write_disposition = write_disposition
        self.since = since
        self.types = types

    def request(self) -> tuple[str, str, Json]:
        """The export. Raises AirflowException for no place or two, or a name that is none of a FHIR store."""
        require_one(gcs_uri_prefix=self.gcs_uri_prefix, dataset_uri=self.dataset_uri)
        body: Json = given(_since=self.since, _type=self.types)
        if self.dataset_uri:
            body["bigqueryDestination"] = {
                "datasetUri": self.dataset_uri,
                "schemaConfig": {"schemaType": self.schema_type},
                "writeDisposition": self.write_disposition,
            }
        else:
            body["gcsDestination"] = {"uriPrefix": self.gcs_uri_prefix}
        return require_store(self.store, "fhirStores"), "export", body


class Hl7v2ExportOperator(HealthcareOperationOperator):
    """Export messages to Cloud Storage or Pub/Sub (hl7V2Stores.export).

    Args:
        store: the store's full name.
        gcs_uri_prefix: gs://BUCKET/FOLDER, where objects of messages go; this or `pubsub_topic`.
        message_view: how much of each message is written there: RAW_ONLY, PARSED_ONLY, FULL, SCHEMATIZED_ONLY, BASIC.
        pubsub_topic: projects/P/topics/T, which gets each message.
        message_filter: only messages that match, as 'messageType="ADT"'; "" for all.
        start_time: only messages sent at that time or later, in RFC 3339; "" for all.
        end_time: only messages sent before that time; "" for all.
    """

    template_fields: Sequence[str] = (
        *("store", "gcs_uri_prefix", "message_view", "pubsub_topic", "message_filter", "start_time", "end_time"),
        *OWN_FIELDS,
    )

    def __init__(
        self,
        *,
        store: str,
        gcs_uri_prefix: str = "",
        message_view: str = "FULL",
        pubsub_topic: str = "",
        message_filter: str = "",
        start_time: str = "",
        end_time: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.store = store
        self.gcs_uri_prefix = gcs_uri_prefix
        self.message_view = message_view
        self.pubsub_topic = pubsub_topic
        self.message_filter = message_filter
        self.start_time = start_time
        self.end_time = end_time

    def request(self) -> tuple[str, str, Json]:
        """The export. Raises AirflowException for no place or two, or a name that is none of an HL7v2 store."""
        require_one(gcs_uri_prefix=self.gcs_uri_prefix, pubsub_topic=self.pubsub_topic)
        body: Json = given(filter=self.message_filter, startTime=self.start_time, endTime=self.end_time)
        if self.pubsub_topic:
            body["pubsubDestination"] = {"pubsubTopic": self.pubsub_topic}
        else:
            body["gcsDestination"] = {
                "uriPrefix": self.gcs_uri_prefix,
                "contentStructure": "MESSAGE_JSON",
                "messageView": self.message_view,
            }
        return require_store(self.store, "hl7V2Stores"), "export", body


def given(**fields: str) -> Json:
    """The fields of a request that say something."""
    return {name: value for name, value in fields.items() if value}


def require_one(**places: str) -> None:
    """Raise AirflowException unless exactly one of the arguments says something."""
    if len(given(**places)) != 1:
        raise AirflowException(f"Give one of {' and '.join(places)}.")

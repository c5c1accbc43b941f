"""Operators that de-identify stores and datasets into others.

A configuration with a key in it would be shown in Airflow's pages: give one that names a key of Cloud KMS, or the URI
of an object that holds the configuration.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from cloud_healthcare_provider.hook import Json
from cloud_healthcare_provider.operators.operation import OWN_FIELDS, HealthcareOperationOperator
from cloud_healthcare_provider.operators.transfers import require_one
from cloud_healthcare_provider.stores import require_dataset, require_store


class _DeidentifyOperator(HealthcareOperationOperator):
    """What the three have in common.

    Args:
        source: the full name of what is de-identified.
        destination: the full name of what the result goes to: a store that is there, or a dataset that is not.
        config: Google's DeidentifyConfig; this or `config_uri`.
        config_uri: gs://BUCKET/OBJECT that holds the configuration in JSON.
    """

    template_fields: Sequence[str] = ("source", "destination", "config", "config_uri", *OWN_FIELDS)

    def __init__(
        self,
        *,
        source: str,
        destination: str,
        config: Mapping[str, Any] | None = None,
        config_uri: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.source = source
        self.destination = destination
        self.config = config
        self.config_uri = config_uri

    @abstractmethod
    def request(self) -> tuple[str, str, Json]:
        """What is asked."""

    def _configured(self, **more: Any) -> Json:
        """The body of a request with the configuration. Raises AirflowException for none or two."""
        require_one(config="given" if self.config is not None else "", config_uri=self.config_uri)
        body: Json = {"gcsConfigUri": self.config_uri} if self.config_uri else {"config": dict(self.config or {})}
        return {**body, **more}


class DicomDeidentifyOperator(_DeidentifyOperator):
    """De-identify a DICOM store into another one (dicomStores.deidentify); with `config` and so on as said above.

    Args:
        filter_uri: gs://BUCKET/OBJECT with a line for each study, series or instance; "" for all.
    """

    template_fields: Sequence[str] = ("filter_uri", *_DeidentifyOperator.template_fields)

    def __init__(self, *, filter_uri: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.filter_uri = filter_uri

    def request(self) -> tuple[str, str, Json]:
        """The de-identification. Raises AirflowException for names that are none of DICOM stores."""
        more: Json = {"filterConfig": {"resourcePathsGcsUri": self.filter_uri}} if self.filter_uri else {}
        body = self._configured(destinationStore=require_store(self.destination, "dicomStores"), **more)
        return require_store(self.source, "dicomStores"), "deidentify", body


class FhirDeidentifyOperator(_DeidentifyOperator):
    """De-identify a FHIR store into another one (fhirStores.deidentify); with `config` and so on as said above.

    Args:
        resource_names: only these resources, as TYPE/ID; none for all.
        skip_modified: leave out resources that changed after the operation began.
    """

    template_fields: Sequence[str] = ("resource_names", *_DeidentifyOperator.template_fields)

    def __init__(self, *, resource_names: Sequence[str] = (), skip_modified: bool = False, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.resource_names = resource_names
        self.skip_modified = skip_modified

    def request(self) -> tuple[str, str, Json]:
        """The de-identification. Raises AirflowException for names that are none of FHIR stores."""
        more: Json = (
            {"resourceFilter": {"resources": {"resources": list(self.resource_names)}}} if self.resource_names else {}
        )
        if self.skip_modified:
            more["skipModifiedResources"] = True
        body = self._configured(destinationStore=require_store(self.destination, "fhirStores"), **more)
        return require_store(self.source, "fhirStores"), "deidentify", body


class DatasetDeidentifyOperator(_DeidentifyOperator):
    """De-identify a dataset's DICOM and FHIR stores into a dataset that is not there yet (datasets.deidentify)."""

    def request(self) -> tuple[str, str, Json]:
        """The de-identification. Raises AirflowException for names that are none of datasets."""
        body = self._configured(destinationDataset=require_dataset(self.destination))
        return require_dataset(self.source), "deidentify", body

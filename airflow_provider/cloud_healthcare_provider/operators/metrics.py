"""An operator that reads what a store holds, and checks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.exceptions import AirflowException

from cloud_healthcare_provider.airflow_versions import BaseOperator
from cloud_healthcare_provider.connecting import DEFAULT_CONNECTION, Connecting
from cloud_healthcare_provider.hook import HealthcareHook
from cloud_healthcare_provider.operators.operation import OWN_FIELDS


class StoreMetricsOperator(BaseOperator):
    """Return the numbers of a store, and fail where it holds less than it should.

    Of a DICOM store studyCount, seriesCount, instanceCount and sizes in bytes; of a FHIR store the resources by type,
    of an HL7v2 store the messages by type. The API's numbers may be some minutes old.

    Args:
        store: the full name of a DICOM, FHIR or HL7v2 store.
        at_least: the least that some of the numbers must be, as {"instanceCount": 100}.
        gcp_conn_id: the connection of Airflow, as Google's own provider takes it.
        impersonation_chain: a service account to act as, or several, each acting as the next.
        api_endpoint: the root URL of another API than Google's, such as an emulator's.
    """

    template_fields: Sequence[str] = ("store", "at_least", *OWN_FIELDS)

    def __init__(
        self,
        *,
        store: str,
        at_least: Mapping[str, int] | None = None,
        gcp_conn_id: str = DEFAULT_CONNECTION,
        impersonation_chain: str | Sequence[str] | None = None,
        api_endpoint: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.store = store
        self.at_least = at_least
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.api_endpoint = api_endpoint

    def execute(self, context: Mapping[str, Any]) -> dict[str, int]:  # noqa: ARG002  Airflow's interface
        """The numbers. Raises AirflowException where one is too small, or the API refuses."""
        hook = HealthcareHook(Connecting(self.gcp_conn_id, self.impersonation_chain, self.api_endpoint))
        found = hook.metrics(self.store)
        if problem := too_little(found, self.at_least or {}):
            raise AirflowException(f"Store {self.store} holds too little: {problem}.")
        return found


def too_little(found: Mapping[str, int], at_least: Mapping[str, int]) -> str:
    """What numbers lack of the least that they must be, in words; "" where nothing lacks."""
    lacking = {name: int(least) for name, least in at_least.items() if found.get(name, 0) < int(least)}
    return ", ".join(f"{name} is {found.get(name, 0)} and not {least}" for name, least in lacking.items())

"""Sensors: waiting for operations, for datasets and stores to be there, and for stores to hold what they should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow.configuration import conf
from airflow.exceptions import AirflowException

from cloud_healthcare_provider.airflow_versions import BaseSensorOperator
from cloud_healthcare_provider.connecting import DEFAULT_CONNECTION, Connecting
from cloud_healthcare_provider.hook import HealthcareHook
from cloud_healthcare_provider.operation import Operation
from cloud_healthcare_provider.operators.metrics import too_little
from cloud_healthcare_provider.operators.operation import OWN_FIELDS
from cloud_healthcare_provider.trigger import OperationTrigger


class _HealthcareSensor(BaseSensorOperator):
    """What all have in common: how the API is reached.

    Args:
        gcp_conn_id: the connection of Airflow, as Google's own provider takes it.
        impersonation_chain: a service account to act as, or several, each acting as the next.
        api_endpoint: the root URL of another API than Google's, such as an emulator's.
    """

    template_fields: Sequence[str] = OWN_FIELDS

    def __init__(
        self,
        *,
        gcp_conn_id: str = DEFAULT_CONNECTION,
        impersonation_chain: str | Sequence[str] | None = None,
        api_endpoint: str = "",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.api_endpoint = api_endpoint

    @property
    def connecting(self) -> Connecting:
        """How the API is reached, after Jinja has filled the templates in."""
        return Connecting(self.gcp_conn_id, self.impersonation_chain, self.api_endpoint)

    @cached_property
    def hook(self) -> HealthcareHook:
        """The hook of the task's process."""
        return HealthcareHook(self.connecting)


class OperationSensor(_HealthcareSensor):
    """Wait for an operation that somebody else has started, and fail where it went wrong.

    Args:
        operation_name: the operation's full name, projects/P/locations/L/datasets/D/operations/O.
        allowed_failures: how many files, resources or messages may fail; None for any number.
        deferrable: whether the triggerer waits, and no worker; default Airflow's `operators.default_deferrable`.
    """

    template_fields: Sequence[str] = ("operation_name", *OWN_FIELDS)

    def __init__(
        self,
        *,
        operation_name: str,
        allowed_failures: int | None = 0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.operation_name = operation_name
        self.allowed_failures = allowed_failures
        self.deferrable = deferrable

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Wait here or in the triggerer. Raises AirflowException where the operation went wrong."""
        if not self.deferrable or self.poke(context):
            return None if self.deferrable else super().execute(context)
        trigger = OperationTrigger(
            self.operation_name, self.connecting.to_mapping(), float(self.poke_interval), cancel_on_kill=False
        )
        return self.defer(trigger=trigger, method_name="execute_complete", timeout=self._patience())

    def poke(self, context: Mapping[str, Any]) -> bool:  # noqa: ARG002  Airflow's interface
        """Whether the operation has ended. Raises AirflowException where it went wrong."""
        return self._ended(self.hook.operation(self.operation_name))

    def execute_complete(self, context: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Go on when the trigger has fired. Raises AirflowException where the operation went wrong."""
        if problem := event.get("error"):
            raise AirflowException(f"Operation {event['name']} could not be looked at: {problem}")
        self.poke(context)

    def _patience(self) -> timedelta:
        """How long the triggerer waits: as long as the sensor would."""
        return timedelta(seconds=float(self.timeout))

    def _ended(self, operation: Operation) -> bool:
        if operation.done and (problem := operation.problem(self.allowed_failures)):
            raise AirflowException(problem)
        return operation.done


class ResourceSensor(_HealthcareSensor):
    """Wait until a dataset or store is there.

    Args:
        resource: its full name.
    """

    template_fields: Sequence[str] = ("resource", *OWN_FIELDS)

    def __init__(self, *, resource: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.resource = resource

    def poke(self, context: Mapping[str, Any]) -> bool:  # noqa: ARG002  Airflow's interface
        """Whether it is there."""
        return self.hook.exists(self.resource)


class StoreMetricsSensor(_HealthcareSensor):
    """Wait until a store holds what it should; numbers as of StoreMetricsOperator.

    Args:
        store: the full name of a DICOM, FHIR or HL7v2 store.
        at_least: the least that some of the numbers must be, as {"instanceCount": 100}.
    """

    template_fields: Sequence[str] = ("store", "at_least", *OWN_FIELDS)

    def __init__(self, *, store: str, at_least: Mapping[str, int], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.store = store
        self.at_least = at_least

    def poke(self, context: Mapping[str, Any]) -> bool:  # noqa: ARG002  Airflow's interface
        """Whether it holds that much."""
        missing = too_little(self.hook.metrics(self.store), self.at_least)
        if missing:
            self.log.info("Store %s: %s", self.store, missing)
        return not missing

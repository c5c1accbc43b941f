"""What all operators have in common that start an operation of Cloud Healthcare and wait for its end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any

from airflow.configuration import conf
from airflow.exceptions import AirflowException

from cloud_healthcare_provider.airflow_versions import BaseOperator
from cloud_healthcare_provider.connecting import DEFAULT_CONNECTION, Connecting
from cloud_healthcare_provider.hook import HealthcareError, HealthcareHook, Json
from cloud_healthcare_provider.memory import Memory
from cloud_healthcare_provider.operation import Operation
from cloud_healthcare_provider.trigger import OperationTrigger

OWN_FIELDS = ("gcp_conn_id", "impersonation_chain", "api_endpoint")


class HealthcareOperationOperator(BaseOperator):
    """Start an operation, wait for its end, and return its name and counters.

    A retry goes on with the operation that an earlier try of the task has started for the same request, if that still
    runs or went well; it starts another one where that failed. An operation whose start no try could note, because its
    worker died in that moment, is not known: the retry starts one more.

    Args:
        gcp_conn_id: the connection of Airflow, as Google's own provider takes it.
        impersonation_chain: a service account to act as, or several, each acting as the next.
        api_endpoint: the root URL of another API than Google's, such as an emulator's.
        api_version: "v1", or "v1beta1" for fields that only it knows.
        deferrable: whether the triggerer waits, and no worker; default Airflow's `operators.default_deferrable`.
        poll_seconds: how long to wait between two looks at the operation.
        allowed_failures: how many files, resources or messages may fail; None for any number.
        cancel_on_kill: whether the operation is cancelled when the task is ended from outside.
    """

    template_fields: Sequence[str] = OWN_FIELDS
    ui_color = "#d2e3fc"

    def __init__(
        self,
        *,
        gcp_conn_id: str = DEFAULT_CONNECTION,
        impersonation_chain: str | Sequence[str] | None = None,
        api_endpoint: str = "",
        api_version: str = "v1",
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_seconds: float = 10.0,
        allowed_failures: int | None = 0,
        cancel_on_kill: bool = True,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.api_endpoint = api_endpoint
        self.api_version = api_version
        self.deferrable = deferrable
        self.poll_seconds = poll_seconds
        self.allowed_failures = allowed_failures
        self.cancel_on_kill = cancel_on_kill
        self._started = ""

    @abstractmethod
    def request(self) -> tuple[str, str, Json]:
        """What is asked: the resource's full name, the verb ("import"), the request's body. Raises AirflowException."""

    @property
    def connecting(self) -> Connecting:
        """How the API is reached, after Jinja has filled the templates in."""
        return Connecting(self.gcp_conn_id, self.impersonation_chain, self.api_endpoint, self.api_version)

    @cached_property
    def hook(self) -> HealthcareHook:
        """The hook of the task's process."""
        return HealthcareHook(self.connecting)

    def execute(self, context: Mapping[str, Any]) -> Json:
        """Start the operation or go on with it, and wait here or in the triggerer.

        Raises:
            AirflowException: the API refused the request, or the operation went wrong.
        """
        memory = self._memory(context)
        operation = self._going_on(memory.recall()) or self._start(memory)
        self._started = operation.name
        if not operation.done:
            if self.deferrable:
                self._defer(operation.name)
            operation = self.hook.wait(operation.name, self.poll_seconds)
        return self._end(operation, memory)

    def execute_complete(self, context: Mapping[str, Any], event: Mapping[str, Any]) -> Json:
        """Go on when the trigger has fired. Raises AirflowException as `execute` does."""
        if problem := event.get("error"):
            raise AirflowException(f"Operation {event['name']} could not be looked at: {problem}")
        return self._end(self.hook.operation(event["name"]), self._memory(context))

    def on_kill(self) -> None:
        """Cancel the operation, because the task was ended from outside."""
        if self._started and self.cancel_on_kill:
            self.hook.cancel(self._started)

    def _memory(self, context: Mapping[str, Any]) -> Memory:
        return Memory(context, self.request())

    def _start(self, memory: Memory) -> Operation:
        operation = Operation(self.hook.start(*self.request()))
        memory.keep(operation.name)
        self.log.info("Started operation %s", operation.name)
        return operation

    def _going_on(self, name: str) -> Operation | None:
        """The operation of an earlier try, if it runs or went well."""
        if not name:
            return None
        try:
            operation = self.hook.operation(name)
        except HealthcareError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        if operation.done and operation.problem(self.allowed_failures):
            return None
        self.log.info("Going on with operation %s of an earlier try", name)
        return operation

    def _defer(self, name: str) -> None:
        connecting = self.connecting.to_mapping()
        trigger = OperationTrigger(name, connecting, self.poll_seconds, cancel_on_kill=self.cancel_on_kill)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=self.execution_timeout)

    def _end(self, operation: Operation, memory: Memory) -> Json:
        """What is returned of an operation that has ended. Raises AirflowException where that went wrong."""
        memory.forget()
        self._started = ""
        if problem := operation.problem(self.allowed_failures):
            raise AirflowException(problem)
        return operation.to_json()

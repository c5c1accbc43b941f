"""`watch`: the stores' notifications, as they arrive."""

from __future__ import annotations

import threading
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.agents import pubsub_agent
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json_line, remark, say_cells
from scripts.errors import CommandError, ExitCode

if TYPE_CHECKING:
    from google.cloud.pubsub_v1.subscriber.message import Message

    from infra.outputs import Outputs


_MOST_ATTEMPTS = 100  # that a subscription can have before a message becomes a dead letter
_GENEROUS = 2  # times as many, since Pub/Sub counts attempts approximately
_AHEAD = 100  # notifications of a subscription that are here and not shown yet; others reach other readers


class Kind(StrEnum):
    """Stores of which kind are watched."""

    DICOM = "dicom"
    FHIR = "fhir"
    HL7V2 = "hl7v2"
    ALL = "all"


def watch(
    kind: Annotated[Kind, typer.Argument(help="Stores of which kind; all that notify in one stream.")] = Kind.DICOM,
    *,
    number: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show notifications of the stores as they arrive.

    Ctrl-C ends it. Each notification is acknowledged: it reaches no other reader of the same subscription.
    Of a FHIR resource that is sent whole only its type is shown. Where the lines are read slowly, no more notifications
    are taken than can be shown. Exit code 3 where a message came that should have been a dead letter long before: a
    grant of Pub/Sub's agent is missing.
    """
    from google.cloud.pubsub_v1.types import FlowControl

    with connect(stack, outputs) as target:
        printer = _Printer(number, target.outputs.delivery_attempts, as_json=as_json)
        subscriptions = subscriptions_of(target.outputs, kind)
        note(f"Watching {', '.join(subscriptions)}; Ctrl-C ends it.")
        pulls = [
            target.subscriber.subscribe(
                each,
                callback=partial(printer, each),
                flow_control=FlowControl(max_messages=_AHEAD),
                await_callbacks_on_shutdown=True,
            )
            for each in subscriptions
        ]
        for pull in pulls:
            pull.add_done_callback(lambda _: printer.finished.set())
        try:
            printer.finished.wait(timeout)
        except KeyboardInterrupt:
            remark("")
        for pull in pulls:
            pull.cancel()
        for pull in pulls:
            pull.result()
        target.subscriber.close()
        note(f"{count(printer.seen, 'notification')} received")
        for subscription, attempts in printer.kept.items():
            raise CommandError(_kept(target.outputs, subscription, attempts), ExitCode.PARTLY_DONE)


def subscriptions_of(outputs: Outputs, kind: Kind) -> list[str]:
    """The subscriptions to what stores of a kind tell. Raises CommandError where the stack has none."""
    named = {
        Kind.DICOM: outputs.dicom_subscription,
        Kind.FHIR: outputs.fhir_subscription,
        Kind.HL7V2: outputs.hl7v2_subscription,
    }
    found = [name for each, name in named.items() if name and kind in (each, Kind.ALL)]
    if not found:
        raise CommandError(f"Stack {outputs.stack} has no {kind} store that notifies: docs/how-to/configure.md.")
    return found


class _Printer:
    """Prints and acknowledges notifications; called by several threads at once."""

    def __init__(self, limit: int | None, attempts: int | None, *, as_json: bool) -> None:
        self.finished = threading.Event()
        self.seen = 0
        self.kept: dict[str, int] = {}
        """How often a message of each subscription was delivered that should have become a dead letter before."""
        self._attempts = attempts or _MOST_ATTEMPTS
        self._limit = limit
        self._as_json = as_json
        self._lock = threading.Lock()

    def __call__(self, subscription: str, message: Message) -> None:
        with self._lock:
            if self._limit is not None and self.seen >= self._limit:
                message.nack()
                return
            self.seen += 1
            attempt = message.delivery_attempt or 0
            if attempt > _GENEROUS * self._attempts:
                self.kept[subscription] = attempt
            self._show(message)
            message.ack()
            if self.seen == self._limit:
                self.finished.set()

    def _show(self, message: Message) -> None:
        attributes: dict[str, Any] = dict(message.attributes)
        whole = attributes.get("payloadType") == "FullResource"
        resource = attributes.get("resourceType", "") if whole else message.data.decode("utf-8", errors="replace")
        when = message.publish_time.isoformat()
        if self._as_json:
            print_json_line({"published": when, "resource": resource, "attributes": attributes})
            return
        action = attributes.get("action") or attributes.get("msgType", "")
        say_cells([part for part in (when, action, path_of(resource)) if part])


def _kept(outputs: Outputs, subscription: str, attempts: int) -> str:
    """What is said of a subscription from which no dead letters are taken (Pub/Sub: "Dead-letter topics")."""
    return (
        f"A message came for the {attempts}th time, and Pub/Sub does not make it a dead letter: {pubsub_agent(outputs)}"
        f" lacks pubsub.topics.publish on {outputs.dead_letter_topic} or pubsub.subscriptions.consume on"
        f" {subscription}. `python -m scripts preflight` names the grant."
    )


def path_of(resource: str) -> str:
    """What a person sees of a name: the path in a DICOM store, and of a FHIR or HL7v2 store its name before that."""
    if "/dicomWeb/" in resource:
        return resource.split("/dicomWeb/", 1)[1]
    return resource.partition("Stores/")[2] or resource

"""`watch`: the DICOM store's notifications, as they arrive."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json_line, remark, say_cells

if TYPE_CHECKING:
    from google.cloud.pubsub_v1.subscriber.message import Message


def watch(
    *,
    number: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show notifications of the store as they arrive.

    Ctrl-C ends it. Each notification is acknowledged: it reaches no other reader of the same subscription.
    """
    with connect(stack, outputs) as target:
        printer = _Printer(number, as_json=as_json)
        subscription = target.outputs.dicom_subscription
        note(f"Watching {subscription}; Ctrl-C ends it.")
        pull = target.subscriber.subscribe(subscription, callback=printer, await_callbacks_on_shutdown=True)
        pull.add_done_callback(lambda _: printer.finished.set())
        try:
            printer.finished.wait(timeout)
        except KeyboardInterrupt:
            remark("")
        pull.cancel()
        pull.result()
        target.subscriber.close()
    note(f"{count(printer.seen, 'notification')} received")


class _Printer:
    """Prints and acknowledges notifications; called by several threads at once."""

    def __init__(self, limit: int | None, *, as_json: bool) -> None:
        self.finished = threading.Event()
        self.seen = 0
        self._limit = limit
        self._as_json = as_json
        self._lock = threading.Lock()

    def __call__(self, message: Message) -> None:
        with self._lock:
            if self._limit is not None and self.seen >= self._limit:
                message.nack()
                return
            self.seen += 1
            self._show(message)
            message.ack()
            if self.seen == self._limit:
                self.finished.set()

    def _show(self, message: Message) -> None:
        resource = message.data.decode("utf-8", errors="replace")
        when = message.publish_time.isoformat()
        attributes: dict[str, Any] = dict(message.attributes)
        if self._as_json:
            print_json_line({"published": when, "resource": resource, "attributes": attributes})
            return
        action = attributes.get("action", "")
        path = resource.split("/dicomWeb/", 1)[-1]
        say_cells([part for part in (when, action, path) if part])

"""What makes a service of Google's work by itself: a change that is told, a call that is logged, a time that comes."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests

from scripts.access import resources
from tests.people.standing import Standing
from tests.scripts.files import small_film
from tests.support.asking import ask
from tests.support.patience import PATIENCE

_ATTEMPTS = 30
"""More than twice as many as the stack's subscriptions have before a message becomes a dead letter."""
_NUMBERS = itertools.count(1)


def happen(standing: Standing, what: str) -> None:
    """Let something happen, by its name in `after` of a command line; nothing for ""."""
    name, _, argument = what.partition(" ")
    if argument:
        spent(standing, argument)
    elif name:
        _HAPPENINGS[name](standing)


def film(standing: Standing, store: str = "dicom") -> None:
    """Store an instance."""
    resource = resources.of_stack(standing.outputs)[store]
    headers = {"Authorization": f"Bearer {standing.emulator.owner_token}", "Content-Type": "application/dicom"}
    url = f"{standing.emulator.base_url}/v1/{resource.name}/dicomWeb/studies"
    answer = requests.post(url, data=small_film(f"H{next(_NUMBERS)}"), headers=headers, timeout=PATIENCE)
    assert answer.status_code == HTTPStatus.OK


def twin(standing: Standing) -> None:
    """Store an instance on the research side."""
    film(standing, "research-dicom")


def resource(standing: Standing) -> None:
    """Create a FHIR resource."""
    (store,) = standing.outputs.fhir_stores.values()
    body = {"resourceType": "Basic", "code": {"text": "probe"}}
    assert standing.emulator.request("POST", f"/v1/{store.name}/fhir/Basic", body)[0] == HTTPStatus.CREATED


def message(standing: Standing) -> None:
    """Ingest an HL7v2 message."""
    (store,) = standing.outputs.hl7v2_stores.values()
    text = f"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|H{next(_NUMBERS)}|P|2.5\rPID|1||7\r"
    data = base64.b64encode(text.encode()).decode()
    ask(standing.emulator, "POST", f"/v1/{store.name}/messages:ingest", {"message": {"data": data}})


def logged(standing: Standing) -> None:
    """Make a call that the audit trail keeps, and let sinks deliver what they gather."""
    ask(standing.emulator, "GET", f"/v1/{standing.outputs.dicom_store_name}")
    ask(standing.emulator, "POST", "/_emulator/chores", {})


def started(standing: Standing) -> None:
    """Have Cloud Scheduler start the job."""
    assert standing.outputs.schedule is not None
    ask(standing.emulator, "POST", f"/v1/{standing.outputs.schedule.name}:run", {})


def spent(standing: Standing, subscription: str) -> None:
    """Let a message come more often than a subscription allows, without the pauses of its retry policy."""
    emulator, found = standing.emulator, resources.of_stack(standing.outputs)
    pauses = ask(emulator, "GET", f"/v1/{found[subscription].name}")["retryPolicy"]
    _set_pauses(standing, found[subscription].name, {})
    body = {"messages": [{"data": "", "attributes": {"action": "StoreInstances"}}]}
    ask(emulator, "POST", f"/v1/{found[subscription.replace('subscription', 'topic')].name}:publish", body)
    for _ in range(_ATTEMPTS):
        pulled = ask(emulator, "POST", f"/v1/{found[subscription].name}:pull", {"maxMessages": 100})
        ids = [each["ackId"] for each in pulled.get("receivedMessages", [])]
        nack = {"ackIds": ids, "ackDeadlineSeconds": 0}
        ask(emulator, "POST", f"/v1/{found[subscription].name}:modifyAckDeadline", nack)
    _set_pauses(standing, found[subscription].name, pauses)


def _set_pauses(standing: Standing, subscription: str, policy: dict[str, Any]) -> None:
    body = {"subscription": {"name": subscription, "retryPolicy": policy}, "updateMask": "retryPolicy"}
    ask(standing.emulator, "PATCH", f"/v1/{subscription}", body)


_HAPPENINGS: dict[str, Callable[[Standing], None]] = {
    each.__name__: each for each in (film, twin, resource, message, logged, started)
}

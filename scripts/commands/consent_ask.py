"""`consent check` and `consent who-sees`: what the consents permit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import typer

from scripts.commands.consent_options import (
    ConsentStoreOption,
    DataArgument,
    PurposeOption,
    RequestOption,
    consent_store,
)
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import note, print_json, print_table, remark, say
from scripts.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from scripts.consent.service import ConsentStore

Json = dict[str, Any]
_MOST = 500


def check(
    data: DataArgument,
    *,
    purpose: PurposeOption = None,
    request: RequestOption = None,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a study may be used, and what each consent of the patient says of it.

    Exit code 0 where it may be used, 1 where it may not.
    """
    with connect(stack, outputs) as target:
        from scripts.consent.policies import request_of
        from scripts.consent.studies import data_id

        store = consent_store(target, consent_store_name)
        found = store.check(data_id(target, data), request_of(purpose, request or []), full=True)
    permitted = bool(found.get("consented"))
    details = {
        name.rpartition("/")[2]: said["evaluationResult"] for name, said in found.get("consentDetails", {}).items()
    }
    if as_json:
        print_json({"consented": permitted, "consents": details})
    else:
        say("yes" if permitted else "no")
        for consent, said in sorted(details.items()):
            note(f"consent {consent}: {said}")
        if not details:
            note("The patient has no active consent.")
    raise typer.Exit(ExitCode.DONE if permitted else ExitCode.FAILED)


def who_sees(
    data: DataArgument,
    *,
    purpose: PurposeOption = None,
    request: RequestOption = None,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the requests for which a study may be used, of all that the attributes of the store allow."""
    with connect(stack, outputs) as target:
        from scripts.consent.policies import request_of
        from scripts.consent.studies import data_id

        store = consent_store(target, consent_store_name)
        asked = list(_requests(store, request_of(purpose, request or [])))
        item = data_id(target, data)
        permitted = [each for each in asked if store.check(item, each).get("consented")]
    if as_json:
        print_json(permitted)
    elif asked:
        columns = list(asked[0])
        print_table(columns, [[each[name] for name in columns] for each in permitted])
    if not permitted:
        remark("The study may not be used for any of them.")


def _requests(store: ConsentStore, said: dict[str, str]) -> Iterator[Json]:
    """All requests that say this, and anything of what else the store's attributes allow. Raises UsageError."""
    found = {name: each["allowedValues"] for name, each in store.definitions().items() if each["category"] == "REQUEST"}
    choices = {**found, **{name: [value] for name, value in said.items()}}
    number = prod(len(values) for values in choices.values())
    if number > _MOST:
        raise UsageError(f"That would be {number:,} questions: say more of the request with --for and --request.")
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))

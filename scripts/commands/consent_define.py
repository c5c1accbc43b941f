"""`consent define` and `consent map`: what consents speak of, attributes and studies."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from scripts.commands.consent_options import ConsentStoreOption, consent_store, declared
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, print_table, remark
from scripts.dicomweb import filters


def define(
    *,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Define the attributes of the stack's configuration in its consent store.

    Run it after `pulumi up`: Pulumi's provider has no resource for them. What is defined already gets the values that
    were added since, and running it again changes nothing.
    """
    with connect(stack, outputs) as target:
        from scripts.consent import defining

        store = consent_store(target, consent_store_name)
        done = defining.bring(store, defining.wanted(declared(target, store)))
    if as_json:
        print_json(done)
    else:
        print_table(("attribute", "is"), sorted(done.items()))


def map_(
    where: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Only the studies that a search finds. Repeatable.")
    ] = None,
    *,
    data: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An attribute of this data. Repeatable.")
    ] = None,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the consent store whose the studies of the DICOM store are, by PatientID.

    Running it again maps what is new. A study that was mapped to another patient, or with other attributes, is mapped
    anew; one without PatientID can't be mapped, and no consent permits its use. Exit code 3 where there are such.
    """
    with connect(stack, outputs) as target:
        from scripts.consent import studies
        from scripts.consent.policies import request_of
        from scripts.errors import ExitCode

        chosen = {name: [value] for name, value in request_of(None, data or []).items()}
        done = studies.map_studies(target, consent_store(target, consent_store_name), filters(where or []), chosen)
    if as_json:
        print_json(dataclasses.asdict(done))
    note(f"{count(done.new, 'study', 'studies')} mapped, {done.changed:,} anew, {done.there:,} there already")
    if done.without_patient:
        remark(f"{count(done.without_patient, 'study', 'studies')} without PatientID, whose use no consent permits")
    raise typer.Exit(ExitCode.of(failed=done.without_patient, done=done.new + done.changed + done.there))

"""`consent record`, `revoke` and `list`: what patients agreed to, and what they took back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scripts.commands.consent_options import ArtifactOption, ConsentStoreOption, consent_store, content_of
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, print_table, say
from scripts.errors import UsageError

Json = dict[str, Any]
PatientArgument = Annotated[str, typer.Argument(metavar="PATIENT", help="The patient, by PatientID.")]
DaysOption = Annotated[
    int, typer.Option(min=0, help="Days for which it holds; 0 for as the store, or the draft, says.")
]


def record(
    patient: PatientArgument,
    *,
    purposes: Annotated[
        list[str] | None, typer.Option("--for", metavar="PURPOSE", help="What it is for. Repeatable.")
    ] = None,
    request: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE[,VALUE]", help="Which requests it is for besides: any of the values."),
    ] = None,
    rule: Annotated[str, typer.Option(help="The rule itself instead, as in purpose == 'research'.")] = "",
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE[,VALUE]", help="Only data with any of the values. Default: all."),
    ] = None,
    artifact: ArtifactOption = None,
    days: DaysOption = 0,
    draft: Annotated[bool, typer.Option("--draft", help="Record a draft, which permits nothing.")] = False,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a patient's consent, with the document that was signed, and print its id."""
    from scripts.consent import policies
    from scripts.consent.service import lasting

    purpose = [f"{policies.PURPOSE}={each}" for each in purposes or []]
    requests = policies.values_of([*purpose, *(request or [])], "--request")
    if bool(requests) == bool(rule):
        raise UsageError("Say what it is for: --for PURPOSE and --request NAME=VALUE, or a --rule.")
    expression, wanted = rule or policies.rule(requests), policies.values_of(data or [], "--data")
    content = content_of(artifact)
    with connect(stack, outputs) as target:
        store = consent_store(target, consent_store_name)
        policies.require_defined(store.definitions(), expression, {**requests, **wanted})
        kept = store.keep_artifact(patient, content, {"file": artifact.name} if artifact else {})
        body: Json = {"userId": patient, "policies": [policies.policy(expression, wanted)], "consentArtifact": kept}
        body |= {"state": "DRAFT" if draft else "ACTIVE", **lasting(days)}
        made = store.record(body)
    print_json(made) if as_json else say(made["name"].rpartition("/")[2])


def activate(
    consent: Annotated[str, typer.Argument(metavar="CONSENT", help="A draft, by id.")],
    *,
    artifact: ArtifactOption = None,
    days: DaysOption = 0,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Activate a draft, with the document that was signed: from now on it permits what it says."""
    content = content_of(artifact)
    with connect(stack, outputs) as target:
        store = consent_store(target, consent_store_name)
        draft = store.consent(consent)
        kept = draft["consentArtifact"]
        if artifact is not None:
            kept = store.keep_artifact(draft["userId"], content, {"file": artifact.name})
        done = store.activate(draft["name"], kept, days)
    if as_json:
        print_json(done)
    note("1 consent activated")


def revoke(
    consents: Annotated[list[str] | None, typer.Argument(metavar="[CONSENT]...", help="Consents by id.")] = None,
    *,
    patient: Annotated[str, typer.Option(help="All active consents of this patient instead, by PatientID.")] = "",
    artifact: ArtifactOption = None,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw consents: they permit nothing from now on, and stay on record with the document of the withdrawal."""
    if bool(consents) == bool(patient):
        raise UsageError("Say which: consents by id, or --patient, and not both.")
    content = content_of(artifact)
    with connect(stack, outputs) as target:
        store = consent_store(target, consent_store_name)
        found = list(store.consents(patient, "ACTIVE")) if patient else [store.consent(each) for each in consents or []]
        done = []
        for each in found:
            document = store.keep_artifact(each["userId"], content, {"file": artifact.name}) if artifact else None
            done.append(store.revoke(each["name"], document))
    if as_json:
        print_json(done)
    note(f"{count(len(done), 'consent')} withdrawn")


def list_(
    *,
    patient: Annotated[str | None, typer.Option(help="Only those of this patient, by PatientID.")] = None,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state: ACTIVE, DRAFT, REVOKED, REJECTED.")
    ] = None,
    consent_store_name: ConsentStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List consents: whose they are, what they permit, until when."""
    with connect(stack, outputs) as target:
        found = list(consent_store(target, consent_store_name).consents(patient, state))
    if as_json:
        print_json(found)
    else:
        print_table(("consent", "patient", "state", "permits", "until"), [_row(each) for each in found])


def _row(consent: Json) -> tuple[object, ...]:
    policies = consent.get("policies", [])
    rules = "; ".join(each["authorizationRule"]["expression"] for each in policies)
    return consent["name"].rpartition("/")[2], consent["userId"], consent["state"], rules, consent.get("expireTime")

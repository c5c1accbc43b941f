"""Checks of the roles that Google gives its own agents when an API is enabled, without which nothing of it works."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from infra.outputs import Outputs
from scripts.access import resources
from scripts.access.decisions import Access
from scripts.checks import Check, Undecided
from scripts.connection import Connection
from scripts.errors import CommandError

# Who, the middle of its address, and its role (IAM: "Service agents").
_SCHEDULER = ("Cloud Scheduler's agent", "gcp-sa-cloudscheduler", "roles/cloudscheduler.serviceAgent")
_RUN = ("Cloud Run's agent", "serverless-robot-prod", "roles/run.serviceAgent")
_COMPOSER = ("Composer's agent", "cloudcomposer-accounts", "roles/composer.serviceAgent")
_DATAFLOW = ("Dataflow's agent", "dataflow-service-producer-prod", "roles/dataflow.serviceAgent")


def checks(target: Connection, access: Access) -> Iterator[Check]:
    """One check for each agent that works for the stack by a role of Google's."""
    for who, domain, role in _agents(target.outputs):
        account = f"service-{target.outputs.project_number}@{domain}.iam.gserviceaccount.com"
        yield Check(f"{who} has {role}", partial(_given, access, target.outputs, account, role))


def _agents(outputs: Outputs) -> Iterator[tuple[str, str, str]]:
    if outputs.schedule:
        yield from (_COMPOSER,) if outputs.schedule.kind == "composer" else (_SCHEDULER, _RUN)
    if outputs.temp_bucket:
        yield _DATAFLOW


def _given(access: Access, outputs: Outputs, account: str, role: str) -> str:
    policy = access.policies.on(resources.find("project", outputs))
    if any(each.role == role and f"serviceAccount:{account}" in each.members for each in policy.bindings):
        return f"{role} on projects/{outputs.project}"
    if policy.unread:
        raise Undecided(f"Whether {account} has {role} can't be seen: {policy.unread[0]}.")
    raise CommandError(
        f"{account} lacks {role}, which Google gives it with the API: run `gcloud projects add-iam-policy-binding"
        f" {outputs.project} --member=serviceAccount:{account} --role={role}`."
    )

"""Checks of the organization's policies before `pulumi up`: which constraints the program could run into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from infra.settings import Settings
from scripts.checks import Check, Undecided
from scripts.connection import Connection
from scripts.errors import CommandError

Rules = list[dict[str, Any]]
Judge = Callable[[Rules], str]

# What the constraints of an organization forbid (Organization Policy: "Organization policy constraints"; Cloud Storage:
# "Organization policy constraints for Cloud Storage"). Those with `managed` have taken the place of older ones, which
# count beside them.
_NO_ACCOUNTS = ("iam.disableServiceAccountCreation", "iam.managed.disableServiceAccountCreation")
_SERVICES = "gcp.restrictServiceUsage"
_WITHOUT_KEYS = "gcp.restrictNonCmekServices"
_KEY_PROJECTS = "gcp.restrictCmekCryptoKeyProjects"
_LOCATIONS = "gcp.resourceLocations"
_MEMBERS = ("iam.allowedPolicyMemberDomains", "iam.managed.allowedPolicyMembers")
_RETENTION = "storage.retentionPolicySeconds"
_SOFT_DELETE = "storage.softDeletePolicySeconds"
_EGRESS = "run.allowedVPCEgress"
_DAY = 86400
_EXCEPTION = "ask for an exception for this project"


def checks(target: Connection, settings: Settings) -> Iterator[Check]:
    """One check for each constraint that a stack of these settings could run into."""
    for constraint, judge in _judges(settings).items():
        yield Check(f"organization policy {constraint}", partial(_policy, target, constraint, judge))


def _judges(settings: Settings) -> Mapping[str, Judge]:
    """What tells of each constraint whether its rules let the program do its work."""
    judges: dict[str, Judge] = {
        **{each: partial(_accounts_may_be_made, each) for each in _NO_ACCOUNTS},
        _SERVICES: partial(_services_allowed, settings),
        _WITHOUT_KEYS: partial(_keys_not_demanded, settings),
        _LOCATIONS: partial(_unrestricted, f"location {settings.location}"),
        **{each: partial(_unrestricted, "the members in loaders, readers and the like") for each in _MEMBERS},
        _RETENTION: _no_retention_demanded,
        _SOFT_DELETE: partial(_soft_delete_allowed, {settings.soft_delete_days, *((0,) if settings.dataflow else ())}),
    }
    if settings.keys:
        judges[_KEY_PROJECTS] = partial(_unrestricted, "the project of the keys")
    if settings.schedule and settings.schedule.kind == "cloud-run":
        judges[_EGRESS] = partial(_unrestricted, "a job without a network of its own")
    return judges


def _policy(target: Connection, constraint: str, judge: Judge) -> str:
    policies = target.api("orgpolicy", "v2").projects().policies()
    name = f"projects/{target.outputs.project}/policies/{constraint}"
    found = target.execute(policies.getEffectivePolicy(name=name))
    return judge(found.get("spec", {}).get("rules", []))


def _accounts_may_be_made(constraint: str, rules: Rules) -> str:
    if any(rule.get("enforce") for rule in rules):
        raise CommandError(
            f"{constraint} is enforced, and the program makes the service accounts loader and reader: {_EXCEPTION}."
        )
    return "not enforced"


def _services_allowed(settings: Settings, rules: Rules) -> str:
    services = ["bigquery", "healthcare", "pubsub", "storage", *(["cloudkms"] if settings.keys else [])]
    denied = [each for each in services if not _allows(rules, f"{each}.googleapis.com")]
    if denied:
        raise CommandError(f"{_SERVICES} forbids {', '.join(denied)}: {_EXCEPTION}.")
    return "allows what the program uses"


def _keys_not_demanded(settings: Settings, rules: Rules) -> str:
    services = [f"{each}.googleapis.com" for each in ("bigquery", "healthcare", "pubsub", "storage")]
    demanded = [each for each in services if not _allows(rules, each)]
    if demanded and not settings.keys:
        raise CommandError(
            f"{_WITHOUT_KEYS} demands a key of {', '.join(demanded)}: set healthcare-cloud-poc:keyRing, or name a key"
            " that exists in healthcare-cloud-poc:encryptionKey."
        )
    return "demands no key that is not there"


def _no_retention_demanded(rules: Rules) -> str:
    """Buckets need no retention policy, which the landing and export buckets have none of: their objects can go."""
    if wanted := _given(rules):
        raise CommandError(
            f"{_RETENTION} demands that objects of every bucket are kept {' or '.join(wanted)} seconds, and the landing"
            f" and export buckets let them go: {_EXCEPTION}, or use buckets that exist (useLandingBucket,"
            " useExportBucket)."
        )
    return "no retention demanded"


def _soft_delete_allowed(wanted: set[int], rules: Rules) -> str:
    """Soft delete for so many days is among what the rules allow; the bucket for Dataflow's files has none."""
    allowed, days = _given(rules), " and ".join(map(str, sorted(wanted)))
    if allowed and not {str(each * _DAY) for each in wanted} <= set(allowed):
        offered = " or ".join(f"{int(each) / _DAY:g}" for each in allowed)
        raise CommandError(
            f"{_SOFT_DELETE} allows {offered} days of soft delete only, and buckets of this stack have {days}: set"
            f" healthcare-cloud-poc:softDeleteDays to one of these, or {_EXCEPTION}."
        )
    return f"allows {days} days"


def _unrestricted(what: str, rules: Rules) -> str:
    """Nothing is restricted. What a group of values (in:us-locations) or a customer id allows is not known here."""
    values = [each for rule in rules for kind in ("allowedValues", "deniedValues") for each in _values(rule, kind)]
    if values or any(rule.get("denyAll") or rule.get("enforce") for rule in rules):
        raise Undecided(f"It is restricted to or by {', '.join(values) or 'nothing at all'}: see that {what} fits.")
    return "no restriction"


def _given(rules: Rules) -> list[str]:
    return [each for rule in rules for each in _values(rule, "allowedValues")]


def _allows(rules: Rules, value: str) -> bool:
    """Whether the rules of a list constraint allow a value that is written out."""
    if any(rule.get("denyAll") or value in _values(rule, "deniedValues") for rule in rules):
        return False
    allowed = _given(rules)
    return not allowed or value in allowed


def _values(rule: dict[str, Any], kind: str) -> list[str]:
    found = rule.get("values", {}).get(kind, [])
    return [str(each).removeprefix("is:") for each in found]

"""The binding that would allow a denied call: which role, to whom, on which resource."""

from __future__ import annotations

import functools
import re
import shlex

from emulator.access import roles
from emulator.console.html import Html, tag
from emulator.console.wording import name

_LEFT_OUT = re.compile(r"roles/(owner|editor|viewer|.*[Ll]egacy.*|.*[Aa]gent)")
_DATASET = r"projects/(?P<p>[^/]+)/locations/(?P<l>[^/]+)/datasets/(?P<d>[^/]+)"
_WHERE = " --location={l} --project={p}"
# How gcloud adds a binding to what bears a policy, by the form of its name (gcloud reference: add-iam-policy-binding).
_GCLOUD = (
    (r"projects/(?P<p>[^/]+)", "gcloud projects add-iam-policy-binding {p}"),
    (r"projects/_/buckets/(?P<b>[^/]+)", "gcloud storage buckets add-iam-policy-binding gs://{b}"),
    (
        _DATASET,
        f"gcloud healthcare datasets add-iam-policy-binding {{d}}{_WHERE}",
    ),
    *(
        (
            rf"{_DATASET}/{kind}/(?P<s>[^/]+)",
            f"gcloud healthcare {command} add-iam-policy-binding {{s}} --dataset={{d}}{_WHERE}",
        )
        for kind, command in (
            ("dicomStores", "dicom-stores"),
            ("fhirStores", "fhir-stores"),
            ("hl7V2Stores", "hl7v2-stores"),
            ("consentStores", "consent-stores"),
        )
    ),
    *(
        (
            rf"projects/(?P<p>[^/]+)/{kind}/(?P<t>[^/]+)",
            f"gcloud pubsub {kind} add-iam-policy-binding {{t}} --project={{p}}",
        )
        for kind in ("topics", "subscriptions")
    ),
    (
        r"projects/(?P<p>[^/]+)/serviceAccounts/(?P<a>[^/]+)",
        "gcloud iam service-accounts add-iam-policy-binding {a} --project={p}",
    ),
    (
        r"projects/(?P<p>[^/]+)/locations/(?P<l>[^/]+)/keyRings/(?P<r>[^/]+)/cryptoKeys/(?P<k>[^/]+)",
        "gcloud kms keys add-iam-policy-binding {k} --keyring={r} --location={l} --project={p}",
    ),
    (
        r"projects/(?P<p>[^/]+)/datasets/(?P<d>[^/]+)/tables/(?P<t>[^/]+)",
        "bq add-iam-policy-binding --table {p}:{d}.{t}",
    ),
)


def remedy(permission: str, resource: str, member: str) -> Html | None:
    """What to grant a member so that it has a permission on a resource; None where no predefined role has it."""
    role = smallest_role(permission)
    if role is None:
        return None
    where, command = bearer(resource)
    words = f"{command} --member={shlex.quote(member)} --role={role}" if command else ""
    codes = [tag("code", name(each)) for each in (role, member, where)]
    return tag(
        "div",
        tag("p", "Allowed by ", codes[0], " for ", codes[1], " on ", codes[2], "."),
        tag("pre", tag("code", words)) if words else None,
        class_="remedy",
    )


@functools.cache
def smallest_role(permission: str) -> str | None:
    """The predefined role with the fewest permissions that has this one; no basic, legacy or service agent's role."""
    found = [
        (len(granted), role.name)
        for role in roles.predefined()
        if not _LEFT_OUT.fullmatch(role.name) and permission in (granted := roles.permissions_of(role.name) or ())
    ]
    return min(found)[1] if found else None


def bearer(resource: str) -> tuple[str, str]:
    """The nearest of a resource and those above it that can bear a policy, and the beginning of gcloud's command."""
    parts = resource.split("/")
    for end in range(len(parts), 1, -1):
        name = "/".join(parts[:end])
        for pattern, command in _GCLOUD:
            if found := re.fullmatch(pattern, name):
                return name, command.format(**{key: shlex.quote(value) for key, value in found.groupdict().items()})
    return resource, ""


def member(email: str) -> str:
    """How a policy names who has an address: audit entries don't say which kind of principal it is."""
    return f"{'serviceAccount' if email.endswith('.gserviceaccount.com') else 'user'}:{email}"

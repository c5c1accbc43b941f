"""What the person who runs `pulumi up` needs on the project: roles, and the permissions of each that the program uses.

The roles are those of docs/how-to/deploy-to-google-cloud.md. A permission is listed where a resource of the program is
made, read, changed or granted by it (permission reference of IAM); of buckets only
their creation, since an owner of the project gets the rest through each bucket's own policy (IAM: "Basic roles").
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.settings import Settings

_ALWAYS = {
    "roles/serviceusage.serviceUsageAdmin": ("serviceusage.services.enable", "serviceusage.services.get"),
    "roles/resourcemanager.projectIamAdmin": (
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.setIamPolicy",
    ),
    "roles/storage.admin": ("storage.buckets.create",),
    "roles/healthcare.datasetAdmin": (
        "healthcare.datasets.create",
        "healthcare.datasets.get",
        "healthcare.datasets.setIamPolicy",
    ),
    "roles/healthcare.dicomStoreAdmin": ("healthcare.dicomStores.create", "healthcare.dicomStores.setIamPolicy"),
    "roles/pubsub.admin": (
        "pubsub.subscriptions.create",
        "pubsub.subscriptions.setIamPolicy",
        "pubsub.topics.create",
        "pubsub.topics.setIamPolicy",
    ),
    "roles/bigquery.dataOwner": ("bigquery.datasets.create", "bigquery.datasets.update"),
    "roles/iam.serviceAccountAdmin": ("iam.serviceAccounts.create", "iam.serviceAccounts.setIamPolicy"),
}
_ACTS = {"roles/iam.serviceAccountUser": ("iam.serviceAccounts.actAs",)}
"""What it takes to make something that runs as a service account."""


def needed(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """The permissions that a stack of these settings takes, by the narrowest predefined role that has them."""
    kinds = {
        "fhirStore": settings.fhir_stores,
        "hl7V2Store": settings.hl7v2_stores,
        "consentStore": settings.consent_stores,
    }
    stores = {
        f"roles/healthcare.{kind}Admin": (f"healthcare.{kind}s.create", f"healthcare.{kind}s.setIamPolicy")
        for kind, declared in kinds.items()
        if declared
    }
    audit = {"roles/logging.configWriter": ("logging.sinks.create", "logging.sinks.get")}
    keys = {
        "roles/cloudkms.admin": (
            "cloudkms.cryptoKeys.create",
            "cloudkms.cryptoKeys.setIamPolicy",
            "cloudkms.keyRings.create",
        )
    }
    roles = {"roles/iam.roleAdmin": ("iam.roles.create", "iam.roles.get")}
    alerts = {
        "roles/monitoring.editor": ("monitoring.alertPolicies.create", "monitoring.notificationChannels.create"),
    }
    watched = {
        **(roles if settings.auditors or settings.operators else {}),
        **(alerts if settings.alert_channels else {}),
    }
    schedules: dict[str, dict[str, tuple[str, ...]]] = {
        "cloud-run": {
            "roles/run.admin": ("run.jobs.create", "run.jobs.setIamPolicy"),
            "roles/cloudscheduler.admin": ("cloudscheduler.jobs.create",),
            **_ACTS,
        },
        "composer": {"roles/composer.admin": ("composer.environments.create",), **_ACTS},
    }
    scheduled = schedules[settings.schedule.kind] if settings.schedule else {}
    asked = {**watched, **scheduled, **(audit if settings.audit_logs else {}), **(keys if settings.key_ring else {})}
    return {**_ALWAYS, **stores, **asked}

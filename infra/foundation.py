"""What everything else of an environment rests on: the project's number, APIs and agents, keys and who may use them."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from infra.analytics import AnalyticsArgs
from infra.encryption import Encryption, EncryptionArgs
from infra.healthcare import DatasetArgs
from infra.key_ring import KeyRing, KeyRingArgs
from infra.locations import key_location
from infra.services import ALERT_API, APIS, DATAFLOW_APIS, KEY_API, SCHEDULE_APIS, Services, ServicesArgs
from infra.settings import Settings, SettingsError
from infra.storage import BucketArgs

TEMP_DAYS = 7
"""Days for which temporary files are kept: those of a job that has failed help to see why."""


class Foundation:
    """APIs, agents, keys and their grants, declared from the settings; and the args of what holds data on top of them.

    Enable an API, create its agent, grant the agent its key, and only then create what the key encrypts.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.project_number = project_number(settings)
        self.services = self._services()
        self.key_ring = self._key_ring()
        self.encryption = self._encryption()

    def _services(self) -> Services:
        apis = (*APIS, KEY_API) if self.settings.keys else APIS
        if self.settings.dataflow:
            apis = (*apis, *DATAFLOW_APIS)
        if self.settings.alert_channels:
            apis = (*apis, ALERT_API)
        if self.settings.schedule:
            apis = (*apis, *SCHEDULE_APIS[self.settings.schedule.kind])
        return Services("services", ServicesArgs(self.settings.project, self.project_number, apis))

    def _key_ring(self) -> KeyRing | None:
        settings = self.settings
        if settings.key_ring is None:
            return None
        args = KeyRingArgs(
            project=settings.project,
            location=key_location(settings.location),
            labels=settings.common_labels,
            ring=settings.key_ring,
            keys=tuple(settings.keys),
            rotation_days=settings.key_rotation_days,
            destroy_days=settings.key_destroy_days,
            deletion_protection=settings.deletion_protection,
            after=[self.services.apis[KEY_API]],
        )
        return KeyRing("keys", args)

    def _encryption(self) -> Encryption | None:
        if not self.settings.keys:
            return None
        services = self.services
        args = EncryptionArgs(
            project=self.settings.project,
            keys=self.settings.keys,
            agents={
                "healthcare": services.healthcare_agent,
                "pubsub": services.pubsub_agent,
                "dataflow": services.dataflow_agent,
                "compute": services.compute_agent,
            },
            identities={"healthcare": services.healthcare_identity, "pubsub": services.pubsub_identity},
            apis={api.partition(".")[0]: resource for api, resource in services.apis.items()},
            after=list(self.key_ring.keys.values()) if self.key_ring else [],
            shared=self.key_ring is None,
        )
        return Encryption("encryption", args)

    def may_encrypt(self, kind: str) -> Sequence[pulumi.Resource]:
        """The grants without which no data of this kind can be encrypted with the stack's key, if there is one."""
        return self.encryption.grants[kind] if self.encryption else ()

    def bucket_args(
        self, bucket: str, days: int, *, kind: str = "objects", retention_days: int = 0, locked: bool = False
    ) -> BucketArgs:
        """A bucket of one kind of data: objects or logs. The other arguments are as `BucketArgs` says."""
        settings = self.settings
        return BucketArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            bucket=bucket,
            soft_delete_days=settings.soft_delete_days,
            old_version_days=settings.old_version_days,
            days=days,
            kms_key=settings.keys.get(kind),
            deletion_protection=settings.deletion_protection,
            after=[self.services.apis["storage.googleapis.com"], *self.may_encrypt(kind)],
            retention_days=retention_days,
            locked=locked,
        )

    def temp_bucket_args(self) -> BucketArgs:
        """The bucket for Dataflow's temporary files.

        Dataflow writes and deletes there all the time: versions and soft delete would keep, and charge for, all of it.
        Nothing in it is worth protecting.
        """
        settings = self.settings
        return BucketArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            bucket=settings.names.temp_bucket,
            soft_delete_days=0,
            old_version_days=0,
            days=TEMP_DAYS,
            kms_key=settings.keys.get("objects"),
            deletion_protection=False,
            after=[self.services.apis["storage.googleapis.com"], *self.may_encrypt("objects")],
            versions=False,
        )

    def analytics_args(self, dataset: str, description: str) -> AnalyticsArgs:
        """A BigQuery dataset."""
        settings = self.settings
        return AnalyticsArgs(
            project=settings.project,
            location=settings.location,
            labels=settings.common_labels,
            dataset=dataset,
            kms_key=settings.keys.get("bigquery"),
            deletion_protection=settings.deletion_protection,
            after=[self.services.apis["bigquery.googleapis.com"], *self.may_encrypt("bigquery")],
            description=description,
        )

    def dataset_args(self, dataset: str) -> DatasetArgs:
        """A healthcare dataset."""
        settings = self.settings
        return DatasetArgs(
            project=settings.project,
            location=settings.location,
            dataset=dataset,
            kms_key=settings.keys.get("healthcare"),
            deletion_protection=settings.deletion_protection,
            after=[self.services.apis["healthcare.googleapis.com"], *self.may_encrypt("healthcare")],
        )


def project_number(settings: Settings) -> str:
    """The project's number, which the agents' addresses contain. Raises SettingsError if it cannot be read."""
    try:
        number = gcp.organizations.get_project(project_id=settings.project).number
    except Exception as error:  # Pulumi raises a bare Exception when a provider's function fails
        where = settings.endpoints.resource_manager
        remedy = (
            f"is the emulator running at {where} (`python -m emulator status`), with this project?"
            if where
            else "does it exist, may you see it, and is cloudresourcemanager.googleapis.com enabled in it?"
        )
        answer = str(error).rpartition(" returned an error: ")[2]
        raise SettingsError(
            [f"Project {settings.project!r} cannot be read; {remedy} The answer was: {answer}"]
        ) from error
    if not number:
        raise SettingsError([f"Project {settings.project!r} has no number: it is not active."])
    return number

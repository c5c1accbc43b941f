"""What a stack exports of its environment, in the form that `infra.outputs` declares and the scripts read."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from infra.environment import Environment
from infra.fhir_options import FhirStoreSettings
from infra.grants import Given
from infra.outputs import (
    HEALTHCARE_ENDPOINT,
    ConsentStoreOutputs,
    DicomStoreOutputs,
    FhirStoreOutputs,
    Hl7v2StoreOutputs,
    Outputs,
    ResearchOutputs,
    ScheduleOutputs,
)
from infra.schedule import Airflow, ScheduledRun


def exports(made: Environment) -> dict[str, object]:
    """Declare what runs by a schedule; gives the stack's outputs by name, as `infra.outputs.Outputs` declares them.

    What runs by a schedule is given all others that its commands read.
    """
    others = _outputs(made)
    known = {name: value for name, value in others.items() if value is not None and name not in ("access", "people")}
    schedule = made.schedule(pulumi.Output.json_dumps(known))
    return {**others, "schedule": _schedule(schedule)}


def _schedule(made: ScheduledRun | Airflow | None) -> dict[str, object] | None:
    if made is None:
        return None
    if isinstance(made, ScheduledRun):
        return ScheduleOutputs.exports(
            kind="cloud-run", name=made.job.id, account_email=made.starter.email, dags="none"
        )
    return ScheduleOutputs.exports(
        kind="composer", name=made.environment.id, account_email=made.account.email, dags=made.dags
    )


def _outputs(made: Environment) -> dict[str, object]:
    """The stack's outputs without what runs by a schedule."""
    settings, store, messaging = made.settings, made.dicom_store.store, made.messaging
    healthcare = settings.endpoints.healthcare or HEALTHCARE_ENDPOINT
    return Outputs.exports(
        stack=settings.stack,
        environment=settings.environment,
        project=settings.project,
        project_number=made.foundation.project_number,
        location=settings.location,
        labels=settings.common_labels,
        deletion_protection=settings.deletion_protection,
        dataset_name=made.dataset,
        dicom_store_name=store.id,
        dicomweb_url=pulumi.Output.format("{0}/v1/{1}/dicomWeb", healthcare, store.id),
        landing_bucket=made.landing_bucket,
        export_bucket=made.export_bucket,
        dicom_topic=messaging.topic.id,
        dicom_subscription=messaging.subscription.id,
        dead_letter_topic=messaging.dead_letter_topic.id,
        dead_letter_subscription=messaging.dead_letter_subscription.id,
        bigquery_dataset=made.analytics.dataset.dataset_id,
        bigquery_location=made.analytics.dataset.location,
        loader_email=made.accounts.loader.email,
        reader_email=made.accounts.reader.email,
        healthcare_agent_email=made.services.healthcare_agent,
        dicom_stream_table=made.stream_table(),
        kms_keys=settings.keys,
        delivery_attempts=settings.max_delivery_attempts,
        audit_bucket=made.watch.bucket.bucket.name if made.watch.bucket else None,
        audit_tables=made.watch.tables.dataset.dataset_id if made.watch.tables else None,
        reader_prefix=settings.reader_prefix or None,
        auditor_email=_email(made.watch.oversight.auditor if made.watch.oversight else None),
        operator_email=_email(made.watch.oversight.operator if made.watch.oversight else None),
        access={who: _roles(given) for who, given in _given(made).items()},
        people=settings.people,
        temp_bucket=made.temp_bucket.bucket.name if made.temp_bucket else None,
        dicom_stores=_dicom_stores(made),
        fhir_topic=made.topic("fhir"),
        fhir_subscription=made.subscription("fhir"),
        fhir_stores={each.name: _fhir_store(made, each) for each in settings.fhir_stores},
        hl7v2_topic=made.topic("hl7v2"),
        hl7v2_subscription=made.subscription("hl7v2"),
        hl7v2_stores=_hl7v2_stores(made),
        consent_stores=_consent_stores(made),
        research=_research(made),
        schedule=None,
        endpoints=settings.endpoints.to_mapping(),
    )


def _email(account: gcp.serviceaccount.Account | None) -> pulumi.Output[str] | None:
    return account.email if account else None


def _given(made: Environment) -> dict[str, list[Given]]:
    """What the accounts that people act as were granted, and whoever publishes alerts."""
    more = [part.given for part in (made.research, made.watch.oversight) if part]
    alerts = {"alerts": made.watch.alerts.given} if made.watch.alerts and made.watch.alerts.given else {}
    return {who: given for part in (made.accounts.given, *more, alerts) for who, given in part.items()}


def _roles(given: Sequence[Given]) -> pulumi.Output[dict[str, str]]:
    """The roles by the resource that they are on, each resource with its roles in one text."""
    titles = [f" ({each.condition})" if each.condition else "" for each in given]
    roles = [pulumi.Output.concat(each.role, title) for each, title in zip(given, titles, strict=True)]
    pairs = [pulumi.Output.all(each.resource, role) for each, role in zip(given, roles, strict=True)]
    return pulumi.Output.all(*pairs).apply(_joined)


def _joined(pairs: Sequence[Sequence[str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for resource, role in pairs:
        found.setdefault(resource, []).append(role)
    return {resource: ", ".join(sorted(roles)) for resource, roles in sorted(found.items())}


def _dicom_stores(made: Environment) -> dict[str, object]:
    return {
        each.name: DicomStoreOutputs.exports(
            name=made.dicom_stores[each.name].store.id,
            table=made.table(made.settings.names.stream_table_of(each.name)),
            streams=each.stream_to_bigquery,
        )
        for each in made.settings.dicom_stores
    }


def _fhir_store(made: Environment, settings: FhirStoreSettings) -> dict[str, object]:
    return FhirStoreOutputs.exports(
        name=made.fhir_stores[settings.name].store.id,
        version=settings.version,
        bigquery_dataset=made.fhir_analytics[settings.name].dataset.dataset_id,
        streams=settings.stream_to_bigquery,
    )


def _hl7v2_stores(made: Environment) -> dict[str, object]:
    return {
        each.name: Hl7v2StoreOutputs.exports(
            name=made.hl7v2_stores[each.name].store.id, parser_version=each.parser_version
        )
        for each in made.settings.hl7v2_stores
    }


def _consent_stores(made: Environment) -> dict[str, object]:
    return {
        each.name: ConsentStoreOutputs.exports(
            name=made.consent_stores[each.name].store.id, attributes=json.dumps(each.attributes or {})
        )
        for each in made.settings.consent_stores
    }


def _research(made: Environment) -> dict[str, object] | None:
    side = made.research
    if side is None:
        return None
    followed = made.messaging.others["research"]
    return ResearchOutputs.exports(
        dataset_name=side.dataset.id,
        dicom_store_name=side.dicom_store.id,
        bucket=side.bucket.name,
        bigquery_dataset=side.tables.dataset_id,
        topic=followed.topic.id,
        subscription=followed.subscription.id,
        researcher_email=side.researcher.email,
        steward_email=side.steward.email,
        fhir_stores={name: store.id for name, store in side.fhir_stores.items()},
        crosswalk_bucket=side.crosswalk.name if side.crosswalk else None,
    )

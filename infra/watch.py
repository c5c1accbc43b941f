"""What watches a stack: the audit trail and where it is kept, those who look after it, and alerts."""

from __future__ import annotations

import pulumi

from infra.alerts import Alerts, AlertsArgs
from infra.analytics import Analytics
from infra.audit import Audit, AuditArgs
from infra.foundation import Foundation
from infra.oversight import Oversight, OversightArgs
from infra.services import ALERT_API
from infra.storage import PrivateBucket


class Watch:
    """The audit trail, the accounts auditor and operator, and alerts, each where the settings ask for it.

    `dataset` is the full name of the healthcare dataset whose accesses are kept.
    """

    def __init__(self, foundation: Foundation, dataset: pulumi.Input[str]) -> None:
        self._foundation = foundation
        self._settings = foundation.settings
        self._dataset = dataset
        self.bucket = self._bucket()
        self.tables = self._tables()
        self._audit()
        self.oversight = self._oversight()
        self.alerts = self._alerts()

    def _bucket(self) -> PrivateBucket | None:
        """The bucket that audit log entries are kept in."""
        settings = self._settings
        if not settings.audit_logs:
            return None
        kept = settings.audit_days if settings.deletion_protection or settings.audit_locked else 0
        args = self._foundation.bucket_args(
            settings.names.audit_bucket,
            settings.audit_days,
            kind="logs",
            retention_days=kept,
            locked=settings.audit_locked,
        )
        return PrivateBucket("audit", args)

    def _tables(self) -> Analytics | None:
        """The BigQuery dataset that they are queried in."""
        if not self._settings.audit_logs:
            return None
        dataset = self._settings.names.audit_bigquery_dataset
        return Analytics("audit-analytics", self._foundation.analytics_args(dataset, "Audit log entries, by day."))

    def _audit(self) -> None:
        if self.bucket is None or self.tables is None:
            return
        apis, names = self._foundation.services.apis, self._settings.names
        args = AuditArgs(
            project=self._settings.project,
            dataset=self._dataset,
            sink=names.audit_sink,
            bucket=self.bucket.bucket.name,
            tables_sink=names.audit_tables_sink,
            tables=self.tables.dataset.dataset_id,
            after=[apis["logging.googleapis.com"], apis["cloudresourcemanager.googleapis.com"]],
        )
        Audit("audit-trail", args)

    def _oversight(self) -> Oversight | None:
        settings, names, apis = self._settings, self._settings.names, self._foundation.services.apis
        if not (settings.auditors or settings.operators):
            return None
        args = OversightArgs(
            project=settings.project,
            auditor=names.auditor,
            operator=names.operator,
            auditors=settings.auditors,
            operators=settings.operators,
            looks=names.looks,
            operates=names.operates,
            audit_bucket=self.bucket.bucket.name if self.bucket else None,
            audit_tables=self.tables.dataset.dataset_id if self.tables else None,
            after=[apis["iam.googleapis.com"], apis["cloudresourcemanager.googleapis.com"]],
        )
        return Oversight("oversight", args)

    def _alerts(self) -> Alerts | None:
        settings, services = self._settings, self._foundation.services
        if not settings.alert_channels:
            return None
        args = AlertsArgs(
            project=settings.project,
            environment=settings.environment,
            channels=settings.alert_channels,
            metric=settings.names.denied_metric,
            denied=settings.denied_alert,
            agent=services.monitoring_agent,
            labels=settings.common_labels,
            after=[services.apis[ALERT_API], services.apis["logging.googleapis.com"]],
        )
        return Alerts("alerts", args)

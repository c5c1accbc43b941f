"""Where audit is asked for, and in production: every access to patients' data is logged, and the log kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.policy.graph import BUCKET, Graph, Violation

_KINDS = {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
_SERVICES = ("healthcare.googleapis.com", "allServices")
_DESTINATION = "storage.googleapis.com/"


def check(graph: Graph) -> Iterator[Violation]:
    """What of the audit trail is missing: a kind of access, the sink, the retention of its bucket."""
    if not (graph.asked.audited or graph.asked.production):
        return
    configs = [each for each in graph.of("projects/iAMAuditConfig:IAMAuditConfig") if _of_healthcare(each.inputs)]
    logs = [log for each in configs for log in each.inputs.get("auditLogConfigs", [])]
    if missing := sorted(_KINDS - {log.get("logType") for log in logs}):
        yield Violation("", f"{', '.join(missing)} of healthcare.googleapis.com are not logged: set auditLogs to true.")
    for each in configs:
        if any(log.get("exemptedMembers") for log in each.inputs.get("auditLogConfigs", [])):
            yield Violation(each.name, "Somebody is exempt from the audit log: remove exempted_members.")
    yield from _kept(graph)


def _of_healthcare(inputs: object) -> bool:
    return isinstance(inputs, Mapping) and inputs.get("service") in _SERVICES


def _kept(graph: Graph) -> Iterator[Violation]:
    """What is wrong with where the entries go."""
    sinks = [each for each in graph.of("logging/projectSink:ProjectSink") if not each.inputs.get("disabled")]
    keeping = [each for each in sinks if str(each.inputs.get("destination", "")).startswith(_DESTINATION)]
    kept = [str(each.inputs["destination"]).removeprefix(_DESTINATION) for each in keeping]
    for each in keeping:
        if each.inputs.get("exclusions"):
            yield Violation(each.name, f"The sink {each.called} leaves entries out: remove its exclusions.")
    if not kept:
        yield Violation("", "No sink keeps the audit log beyond 30 days: set auditLogs to true.")
    for each in graph.of(BUCKET):
        if graph.asked.protected and each.called in kept and not each.inputs.get("retentionPolicy"):
            yield Violation(each.name, f"Entries in {each.called} can be deleted: give the bucket a retention policy.")

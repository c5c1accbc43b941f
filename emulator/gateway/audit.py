"""Cloud Audit Logs: an entry of every call that is to be logged.

Admin activity is always logged. Data access is logged where the project's audit configuration says so, as on Google
Cloud. Entries carry resource names, methods and principals; never bodies or query values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import Any

from emulator.access.authorization import Policies
from emulator.access.refusals import nearest_bearer, permission_in
from emulator.errors import ApiError
from emulator.gateway import audit_shape
from emulator.gateway.audit_forms import Forms
from emulator.gateway.discovery import Method
from emulator.gateway.request import Request
from emulator.settings import Settings
from emulator.state.denied_calls import DeniedCalls
from emulator.state.logs import Logs
from emulator.state.operations import Operation

READS = frozenset(
    (
        *("get", "list", "search", "retrieve", "read", "getIamPolicy", "testIamPermissions", "query", "pull"),
        *("search-type", "Resource-validate", "listRevisions"),
        *("checkDataAccess", "evaluateUserConsents", "queryAccessibleData"),
        *("encrypt", "decrypt", "rawEncrypt", "rawDecrypt", "asymmetricSign", "asymmetricDecrypt"),
        *("macSign", "macVerify", "getPublicKey", "generateRandomBytes"),
    )
)
ACTIVITY = "cloudaudit.googleapis.com%2Factivity"
DATA_ACCESS = "cloudaudit.googleapis.com%2Fdata_access"
MOST_DECISIONS = 1000
"""Listed in an entry, which Cloud Logging keeps to 256 KB."""


Audited = dict[str, dict[str, set[str]]]
"""Of each service whose access is logged, the kinds of access, and who is exempted from each."""


class Audit:
    """Writes the entries; `touches_data` says of a method whether it reads or writes what a resource holds.

    Denied calls of kinds that are not logged are kept by `denied_calls`.
    """

    def __init__(
        self,
        settings: Settings,
        logs: Logs,
        policies: Policies,
        denied_calls: DeniedCalls,
        touches_data: Callable[[Method], bool],
    ) -> None:
        self._settings = settings
        self._logs = logs
        self._configs = AuditConfigs(policies, settings.project)
        self._denied_calls = denied_calls
        self._touches_data = touches_data
        self._kinds: dict[str, str] = {}
        self._forms = Forms()
        self._open: dict[str, dict[str, Any]] = {}  # the last entries of operations that go on, by their names

    def record(
        self,
        request: Request,
        permission: str,
        resource: str,
        error: ApiError | None,
        *,
        granted: bool,
        answer: object = None,
    ) -> None:
        """Log a finished call, if its kind of access is logged; `granted`: the caller had the permission.

        `answer` is the handler's: of a long-running operation there is another entry when it ends.
        """
        kind = self._kind(request.method)
        service = request.method.service + ".googleapis.com"
        project = self._configs.project_of(resource)
        if kind and not self._configs.log(kind, service, request.principal, project):
            if error is not None and error.code == 403 and not request.aside:
                self._keep(request, permission, resource, error, granted=granted)
            return

        def make() -> dict[str, Any]:
            return self._entry(request, permission, resource, kind or "ADMIN_WRITE", project, granted=granted)

        begins_none = request.method.http == "GET" or not isinstance(answer, dict)
        if error is None and granted and begins_none and not request.asked:
            time = request.context.clock.stamp()
            if json := self._forms.filled(request, permission, resource, project, time, make):
                self._logs.write_json(project, _log_of(kind), "NOTICE", json, time)
                return
        entry = make()
        if error is not None:
            _fail(entry, {"code": error.rpc_code, "message": error.message})
        elif request.method.http != "GET" and (operation := audit_shape.operation_in(answer)):
            self._begun(request, operation, service, entry, answer)
        self._logs.write(entry)

    def _entry(
        self, request: Request, permission: str, resource: str, kind: str, project: str, *, granted: bool
    ) -> dict[str, Any]:
        """The entry of a call that went well; `kind` is the type of its permission (ADMIN_WRITE, DATA_READ ...).

        Of permissions beside that one the type is not known here.
        """
        service, method = request.method.service + ".googleapis.com", request.method.id
        name = request.name if request.name.startswith("projects/") else resource
        decided = _decisions(request, permission, resource, granted=granted)
        payload: dict[str, Any] = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": service,
            "methodName": method,
            "resourceName": name,
            "authenticationInfo": audit_shape.authentication(request.principal, request.via),
            "authorizationInfo": [
                {"permission": wanted, "resource": on, "granted": given, **({} if number else {"permissionType": kind})}
                for number, (wanted, on, given) in enumerate(decided)
            ],
            "requestMetadata": audit_shape.request_metadata(request, request.context.clock.stamp()),
        }
        if place := audit_shape.location(name):
            payload["resourceLocation"] = place
        if noted := audit_shape.metadata(request):
            payload["metadata"] = noted
        return {
            "logName": f"projects/{project}/logs/{_log_of(kind)}",
            "resource": audit_shape.monitored_resource(name, project, service, method),
            "severity": "NOTICE",
            "protoPayload": payload,
        }

    def _begun(self, request: Request, operation: str, service: str, entry: dict[str, Any], answer: Any) -> None:
        """Mark an entry as the first of an operation's two, and as the last where the operation has ended already."""
        entry["operation"] = {"id": operation, "producer": service, "first": True}
        if answer.get("done"):
            entry["operation"]["last"] = True
            return
        found = request.context.operations.get(operation)
        if found is not None and found.done:  # its job was faster than this call
            entry["operation"]["last"] = True
            _fail(entry, found.error)
            return
        self._open[operation] = {**entry, "operation": {"id": operation, "producer": service, "last": True}}

    def ended(self, operation: Operation, error: dict[str, Any] | None) -> None:
        """Log that an operation has ended, if its beginning was logged by this process."""
        entry = self._open.pop(operation.name, None)
        if entry is None:
            return
        last = {**entry, "protoPayload": {**entry["protoPayload"]}}
        _fail(last, error)
        self._logs.write(last)

    def _keep(self, request: Request, permission: str, resource: str, error: ApiError, *, granted: bool) -> None:
        """Keep a denied call: by its permission, by the first that its handler missed, or by the words of its error."""
        decided = _decisions(request, permission, resource, granted=granted)
        missed = next(((wanted, on) for wanted, on, given in decided if wanted and not given), None)
        wanted, on = missed or (permission_in(error.message), resource)
        self._denied_calls.add(request.method.id, request.principal, wanted, nearest_bearer(on))

    def _kind(self, method: Method) -> str:
        """The kind of access that a method is, as audit configurations name it; "" is administrative activity."""
        kind = self._kinds.get(method.id)
        if kind is None:
            data = method.is_media or self._touches_data(method)
            reads = method.http == "GET" or method.id.rsplit(".", 1)[-1] in READS
            kind = ("DATA_READ" if reads else "DATA_WRITE") if data else "ADMIN_READ" if reads else ""
            self._kinds[method.id] = kind
        return kind


class AuditConfigs:
    """Which kinds of data access are logged: what policies say, read again when any of them changes.

    That is the policy of the project, and those of the folders and the organization above it, none of which takes back
    what another one says (Cloud Logging: "Configure Data Access audit logs").
    """

    def __init__(self, policies: Policies, project: str) -> None:
        """`project` counts for what lies in none."""
        self._policies = policies
        self._project = project
        self._audited: dict[str, list[Audited]] = {}
        self._version = -1

    def project_of(self, resource: str) -> str:
        """The id of the project that a resource lies in, of those that are there; else the emulator's own."""
        if not resource.startswith("projects/"):
            return self._project
        project = resource.split("/", 2)[1]
        return project if project == self._project or self._of(project) else self._project

    def log(self, kind: str, service: str, principal: str, project: str) -> bool:
        """Whether a principal's access of that kind (DATA_READ ...) to a service (X.googleapis.com) is logged."""
        for audited in self._of(project):
            for named in ("allServices", service):
                exempted = audited.get(named, {}).get(kind)
                if exempted is not None and exempted.isdisjoint(self._policies.identities(principal)):
                    return True
        return False

    def _of(self, project: str) -> list[Audited]:
        """What the policies of a project and of all above it say; nothing for one that is not there."""
        policies = self._policies
        if policies.version != self._version:
            self._audited, self._version = {}, policies.version
        found = self._audited.get(project)
        if found is None:
            found = [_audit_configs(policies.get(node)) for node in policies.line(f"projects/{project}")]
            if found:
                self._audited[project] = found
        return found


def _fail(entry: dict[str, Any], status: dict[str, Any] | None) -> None:
    """Make an entry that of a failure with a status (google.rpc.Status); nothing without one."""
    if status is not None:
        entry["severity"] = "ERROR"
        entry["protoPayload"]["status"] = {"code": status.get("code", 2), "message": status.get("message", "")}


def _log_of(kind: str) -> str:
    """The log for a type of permission; that of administrative activity has none, or is called ADMIN_WRITE."""
    return ACTIVITY if kind in ("", "ADMIN_WRITE") else DATA_ACCESS


def _decisions(request: Request, permission: str, resource: str, *, granted: bool) -> Iterable[tuple[str, str, bool]]:
    """What was decided: the method's own permission, then what its handler asked for (the entries of a bundle)."""
    own = [(permission, resource, granted)] if permission else []
    if not request.asked:
        return own
    beside = ((*asked, given) for asked, given in request.asked.items() if asked != (permission, resource))
    return islice(chain(own, beside), MOST_DECISIONS)


def _audit_configs(policy: dict[str, Any]) -> Audited:
    configs: dict[str, dict[str, set[str]]] = {}
    for config in policy.get("auditConfigs", []):
        kinds = configs.setdefault(config.get("service", ""), {})
        for log in config.get("auditLogConfigs", []):
            kinds[log.get("logType", "")] = set(log.get("exemptedMembers", []))
    return configs

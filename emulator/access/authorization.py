"""Who may do what: deny policies, then IAM policies, inherited down the hierarchy, with their roles and conditions.

Resources are names (projects/p/locations/l/datasets/d/dicomStores/s, projects/p/buckets/b, ...); a policy on any prefix
of a name applies to it, and the organization's policy to everything. Decisions are cached until a policy changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from emulator.access import conditions, policy_rules
from emulator.access.conditions import MODIFIED_GRANTS, Asked, Tag
from emulator.access.custom_roles import CUSTOM_ROLES, owner_of
from emulator.access.denials import NEVER_DENIED, in_v2_form
from emulator.access.hierarchy import ORGANIZATION, project_exists
from emulator.access.policy_rules import CONDITIONAL_VERSION, VERSIONS, is_conditional
from emulator.access.standing import Standing
from emulator.errors import ApiError, aborted, invalid_argument, permission_denied
from emulator.state.state import State

SCHEMA = """
CREATE TABLE IF NOT EXISTS policies(resource TEXT PRIMARY KEY, policy BLOB NOT NULL, etag TEXT NOT NULL) WITHOUT ROWID;
"""
EMPTY_ETAG = "ACAB"
CACHE_LIMIT = 100_000
DEEPEST = 64  # segments of a name that a policy can be on; a name of 64 kB may have as many thousands
LONGEST_KEPT = 512  # of names whose decisions are kept: anybody may send 64 kB of path, again and again
_CONVENIENCE = {"roles/owner": "projectOwner", "roles/editor": "projectEditor", "roles/viewer": "projectViewer"}

AccountExists = Callable[[str, sqlite3.Connection | None], bool]
Api = Mapping[str, Any]
_NONE: Api = {}
TagsOf = Callable[[Sequence[str]], Iterable[Tag]]


def _no_lag(_resource: str) -> float:
    return 0.0


class Asking(Protocol):
    """A request, as far as it says which version of a policy it wants."""

    query: dict[str, Any]
    body: Any


class Policies:
    """The policies, and the decisions that follow from them.

    tags_of gives the tags of a resource, named by itself and all above it; whoever keeps tags sets it.
    """

    def __init__(
        self, state: State, account_exists: AccountExists, *, enforced: bool, lag: Callable[[str], float] = _no_lag
    ) -> None:
        """`lag` gives the seconds until a policy that is being set on a resource counts, 0 for at once."""
        self._state = state
        self._account_exists = account_exists
        self._enforced = enforced
        self._lag = lag
        self._late: dict[str, list[tuple[float, list[dict[str, Any]]]]] = {}
        self._known = Standing(state)
        self.tags_of: TagsOf = lambda _: ()
        self.version = 0

    def get(self, resource: str, tx: sqlite3.Connection | None = None) -> dict[str, Any]:
        """The policy set on `resource` itself; an empty one with its etag where none was set."""
        sql = "SELECT policy FROM policies WHERE resource = ?"
        row = tx.execute(sql, (resource,)).fetchone() if tx is not None else self._state.db.one(sql, (resource,))
        if row is None:
            return {"version": 1, "etag": EMPTY_ETAG}
        policy: dict[str, Any] = orjson.loads(row["policy"])
        return policy

    def shown(self, resource: str, request: Asking) -> dict[str, Any]:
        """The policy of `resource` in the version that a getIamPolicy asks for; see requested_version.

        Below version 3 a conditional binding has no condition, and its role a suffix that says that there is one
        (IAM: "Role name strings that include withcond"). Raises a 400 for a version that there is none of.
        """
        policy = self.get(resource)
        if requested_version(request) >= CONDITIONAL_VERSION or not is_conditional(policy.get("bindings", [])):
            return policy
        shown = [policy_rules.without_condition(each) for each in policy["bindings"]]
        return {**policy, "version": 1, "bindings": shown}

    def rename_member(self, tx: sqlite3.Connection, before: str, after: str) -> None:
        """Put one member in place of another in every policy."""
        sql = "SELECT resource, policy FROM policies WHERE instr(policy, ?)"
        for row in tx.execute(sql, (before.encode(),)).fetchall():
            policy = orjson.loads(row["policy"])
            for binding in policy.get("bindings", []):
                binding["members"] = [after if member == before else member for member in binding["members"]]
            policy["etag"] = self._state.ids.etag()
            arguments = (orjson.dumps(policy), policy["etag"], row["resource"])
            tx.execute("UPDATE policies SET policy = ?, etag = ? WHERE resource = ?", arguments)
        self._state.db.after_commit(self.forget)

    def set(
        self, tx: sqlite3.Connection, resource: str, policy: dict[str, Any], mask: str | None = None
    ) -> dict[str, Any]:
        """Replace the policy of `resource`; the one stored is returned.

        A stale etag is a 409 (IAM: "concurrent policy changes"). mask names the fields to take
        ("bindings,etag,auditConfigs"); the default leaves audit configs as they are.
        """
        current = self.get(resource, tx)
        etag = policy.get("etag")
        if etag and etag != current["etag"]:
            raise aborted(
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential "
                "backoff. The request's ETag did not match the current policy's ETag.",
            )
        fields = {part.strip() for part in mask.split(",")} if mask else {"bindings", "etag", "version"}
        version = policy.get("version") or 0
        if version not in VERSIONS:
            raise invalid_argument(f"Policy version {version} is invalid: it is 0, 1 or 3.")
        stored: dict[str, Any] = {"version": max(1, version), "etag": self._state.ids.etag()}
        if "bindings" in fields:
            bindings = policy.get("bindings", [])
            if version < CONDITIONAL_VERSION and (
                is_conditional(bindings) or (etag and is_conditional(current.get("bindings", [])))
            ):
                raise invalid_argument(
                    f"A policy with conditional role bindings must have version {CONDITIONAL_VERSION}, and this one has"
                    f" {version}: read it with requestedPolicyVersion {CONDITIONAL_VERSION}, and set version with it."
                )
        else:
            bindings, stored["version"] = current.get("bindings", []), current.get("version", 1)
        kept = policy_rules.checked(bindings)
        self._require_members(tx, kept, current.get("bindings", []))
        self._require_roles(tx, resource, kept, current.get("bindings", []))
        stored["bindings"] = kept
        audit = policy.get("auditConfigs", []) if "auditConfigs" in fields else current.get("auditConfigs", [])
        policy_rules.check_sizes(kept, audit)
        if audit:
            stored["auditConfigs"] = policy_rules.checked_audit(audit)
        if not stored["bindings"]:
            del stored["bindings"]
        tx.execute("INSERT OR REPLACE INTO policies VALUES(?,?,?)", (resource, orjson.dumps(stored), stored["etag"]))
        self._put_off(resource, current.get("bindings", []))
        self._state.db.after_commit(self.forget)
        return stored

    def _put_off(self, resource: str, before: list[dict[str, Any]]) -> None:
        """Let the bindings of before count for as long as a change is late, after the changes before it."""
        if lag := self._lag(resource):
            changes = self._late.get(resource, [])
            until = max([self._state.clock.seconds() + lag, *(each for each, _ in changes)])
            self._state.db.after_commit(lambda: self._late.update({resource: [*changes, (until, before)]}))

    def _require_members(
        self, tx: sqlite3.Connection, bindings: list[dict[str, Any]], known: list[dict[str, Any]]
    ) -> None:
        """Refuse a service account of this project that does not exist, unless the policy has named it before."""
        before = {member for binding in known for member in binding.get("members", [])}
        for member in {member for binding in bindings for member in binding["members"]} - before:
            kind, _, email = member.partition(":")
            if kind == "serviceAccount" and not self._account_exists(email, tx):
                raise invalid_argument(f"Service account {email} does not exist.")

    def _require_roles(
        self, tx: sqlite3.Connection, resource: str, bindings: list[dict[str, Any]], known: list[dict[str, Any]]
    ) -> None:
        """Refuse a custom role that is not there, or of another project, unless the policy has named it before."""
        before = {binding["role"] for binding in known}
        for role in {binding["role"] for binding in bindings} - before:
            owner = owner_of(role)
            if owner is None:
                continue
            reaches = owner == ORGANIZATION or f"{resource}/".startswith(f"{owner}/")
            found = self._state.resources.get(CUSTOM_ROLES, role, tx) if reaches else None
            if found is None or found.body.get("deleted"):
                raise invalid_argument(f"Role {role[:200]} does not exist in the resource's hierarchy.")

    def restore(self, tx: sqlite3.Connection, resource: str, policy: dict[str, Any]) -> None:
        """Put back the policy of a resource that was gone, as `get` gave it, whatever became of what it names."""
        tx.execute("INSERT OR REPLACE INTO policies VALUES(?,?,?)", (resource, orjson.dumps(policy), policy["etag"]))
        self._state.db.after_commit(self.forget)

    def delete(self, tx: sqlite3.Connection, resource: str) -> None:
        """Forget the policy of a resource that is gone."""
        tx.execute("DELETE FROM policies WHERE resource = ?", (resource,))
        self._state.db.after_commit(self.forget)

    def forget(self) -> None:
        """Drop cached decisions: a policy has changed.

        One assignment, so that what another thread decides meanwhile from old policies ends in the old cache.
        """
        self._known = Standing(self._state)
        self.version += 1

    def allows(
        self, principal: str, permission: str, resource: str, *, name: str = "", kind: str = "", api: Api = _NONE
    ) -> bool:
        """Whether `principal` ("" is anonymous) holds `permission` on `resource` or on what is above it.

        name and kind are resource.name and resource.type as conditions see them, where they differ from `resource`
        (an object inside a bucket: projects/_/buckets/b/objects/o, storage.googleapis.com/Object); api is what they may
        ask of the request itself.
        """
        if not self._enforced:
            return True
        key = (principal, permission, resource)
        known = self._known
        decision = known.decisions.get(key)
        if decision is None:
            decision, cacheable = self._decide(known, principal, permission, resource, name, kind, api)
            if cacheable and len(resource) <= LONGEST_KEPT:
                if len(known.decisions) >= CACHE_LIMIT:
                    known.decisions.clear()
                known.decisions[key] = decision
        return decision

    def require(self, principal: str, permission: str, resource: str) -> None:
        """Nothing, or the 403 that Google answers."""
        if not self.allows(principal, permission, resource):
            raise denied(permission, resource)

    def allows_changing(self, principal: str, permission: str, resource: str, roles: Sequence[str]) -> bool:
        """Whether `principal` may change who has these roles on `resource`, for which `permission` is needed.

        Conditions of a grant may say which (IAM: "Set limits on granting roles"); `allows` leaves them out of account.
        """
        if not self._enforced:
            return True
        return self._decide(self._known, principal, permission, resource, "", "", {MODIFIED_GRANTS: list(roles)})[0]

    def denies(self, principal: str, permission: str, resource: str, *, name: str = "", kind: str = "") -> bool:
        """Whether a deny policy keeps `principal` from it, whatever grants it; arguments as in `allows`."""
        if not self._enforced:
            return False
        known, line = self._known, self._ancestry(resource)
        asked = self._asking(permission, resource, name, kind, line)
        return _is_denied(known, known.identities(principal), permission, line, asked)[0]

    def line(self, resource: str) -> list[str]:
        """A resource and everything that it inherits policies from, nearest first; nothing where there is none."""
        return self._ancestry(resource)

    def identities(self, principal: str) -> frozenset[str]:
        """All members of policies that stand for `principal`: itself, groups, domains, sets, everybody."""
        return self._known.identities(principal)

    def _asking(
        self, permission: str, resource: str, name: str, kind: str, line: Sequence[str], api: Api = _NONE
    ) -> Callable[[str], bool | None]:
        """What evaluates an expression for a request that is made now."""
        seen, service = conditions.attributes(permission, resource)

        def evaluate(expression: str) -> bool | None:
            tags = tuple(self.tags_of(line))
            asked = Asked(name or resource, kind or seen, service, self._state.clock.now(), tags, api)
            return conditions.outcome(expression, asked)

        return evaluate

    def _decide(
        self,
        known: Standing,
        principal: str,
        permission: str,
        resource: str,
        name: str,
        kind: str,
        api: Api = _NONE,
    ) -> tuple[bool, bool]:
        """The decision, and whether it holds until a policy changes (a condition is evaluated each time)."""
        line = self._ancestry(resource)
        holds = self._asking(permission, resource, name, kind, line, api)
        members = known.identities(principal)
        denied, cacheable = _is_denied(known, members, permission, line, holds)
        if denied:
            return False, cacheable
        cacheable = cacheable and not self._late
        members |= self._project_members(known, members, resource)
        for node in line:
            for binding in self._bindings_of(known, node):
                if members.isdisjoint(binding["members"]) or permission not in known.permissions_of(binding["role"]):
                    continue
                condition = binding.get("condition")
                if not condition:
                    return True, cacheable
                cacheable = False
                if holds(condition.get("expression", "")):
                    return True, False
        return False, cacheable

    def _project_members(self, known: Standing, members: frozenset[str], resource: str) -> frozenset[str]:
        """projectOwner:P, projectEditor:P, projectViewer:P, as far as the caller holds that basic role on P.

        Policies of buckets name them (Cloud Storage: "convenience values"); P is the project of the resource.
        """
        parts = resource.split("/", 2)
        if parts[0] != "projects":
            return frozenset()
        project = "/".join(parts[:2])
        held = {
            binding["role"]
            for node in (project, *known.above(project))
            for binding in self._bindings_of(known, node)
            if not members.isdisjoint(binding["members"]) and not binding.get("condition")
        }
        return frozenset(f"{member}:{parts[1]}" for role, member in _CONVENIENCE.items() if role in held)

    def _ancestry(self, resource: str) -> list[str]:
        """The resource and everything above it, where it lies in a project or folder that exists."""
        parts = resource.split("/", DEEPEST)
        own = ["/".join(parts[:end]) for end in range(len(parts), 1, -1)]
        if parts[0] == "projects":
            return [*own, *self._known.above(own[-1])] if own and project_exists(self._state, parts[1]) else []
        if parts[0] == "folders":
            return [*own, *self._known.above(own[-1])] if own and self._known.is_folder(own[-1]) else []
        return [*own, ORGANIZATION]

    def _bindings_of(self, known: Standing, node: str) -> list[dict[str, Any]]:
        """The bindings on a resource that count now."""
        if self._late and (late := self._late.get(node)) is not None:
            return self._bindings_still(late, node, known.bindings.get(node))
        return known.bindings.get(node, [])

    def _bindings_still(
        self, late: list[tuple[float, list[dict[str, Any]]]], node: str, now_set: list[dict[str, Any]] | None
    ) -> list[dict[str, Any]]:
        """The bindings that count while changes of them are late: those from before the first one that still is.

        now_set are those that are set, None where the resource has gone with its policy, which is never late.
        """
        now = self._state.clock.seconds()
        still = next((before for until, before in late if now < until), None)
        if still is not None and now_set is not None:
            return still
        self._late.pop(node, None)
        return now_set or []


def _is_denied(
    known: Standing,
    members: frozenset[str],
    permission: str,
    line: Iterable[str],
    holds: Callable[[str], bool | None],
) -> tuple[bool, bool]:
    """Whether a deny policy above a resource denies somebody a permission, and whether that may be kept.

    A rule applies, too, where its condition can't be evaluated (IAM: "Denial conditions").
    """
    if not known.denials:
        return False, True
    named = in_v2_form(permission)
    if named.startswith(NEVER_DENIED):
        return False, True
    rules = [rule for node in line for rule in known.denials.get(node, ()) if rule.concerns(members, named)]
    if any(not rule.condition for rule in rules):
        return True, True
    return any(holds(rule.condition) is not False for rule in rules), not rules


def requested_version(request: Asking) -> int:
    """The version of the policy that a getIamPolicy wants: options.requestedPolicyVersion, whoever's method it is.

    In the query, or in the body where the method is a POST; 1 where nothing is said (IAM: "Policy versions").
    """
    query, body = request.query or {}, request.body if isinstance(request.body, dict) else {}
    given = (
        query.get("options.requestedPolicyVersion")
        or query.get("optionsRequestedPolicyVersion")
        or (body.get("options") or {}).get("requestedPolicyVersion")
        or 0
    )
    if given not in VERSIONS:
        raise invalid_argument(f"requestedPolicyVersion {given} is invalid: it is 0, 1 or 3.")
    return int(given)


def denied(permission: str, resource: str) -> ApiError:
    """The 403 for a missing permission, in the words of Google's services."""
    return permission_denied(
        f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "IAM_PERMISSION_DENIED",
                "domain": permission.split(".", 1)[0] + ".googleapis.com",
                "metadata": {"permission": permission, "resource": resource},
            }
        ],
    )


ALIASES = {"cloudresourcemanager": "resourcemanager", "cloudbilling": "billing"}
VERBS = {"patch": "update", "batchEnable": "enable", "search": "get"}


def permission_of(method_id: str) -> str:
    """The permission that follows from a method id: service, collection, verb ("healthcare.dicomStores.update")."""
    parts = method_id.split(".")
    service = ALIASES.get(parts[0], parts[0])
    return f"{service}.{parts[-2]}.{VERBS.get(parts[-1], parts[-1])}"

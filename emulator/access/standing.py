"""What all policies say at one moment, read when first asked for, and the decisions that followed from it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import Any

import orjson

from emulator.access import custom_roles, denials, groups, roles
from emulator.access.custom_roles import CUSTOM_ROLES
from emulator.access.denials import DENIALS, Rule
from emulator.access.hierarchy import by_id, by_number, line_above, parents
from emulator.access.identities import identities, sets_of_account
from emulator.state.state import State


class Standing:
    """Bindings, custom roles, deny rules and groups as they are.

    Each is read whole at once: to keep an answer for each name that is asked for would grow with whoever asks.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.decisions: dict[tuple[str, str, str], bool] = {}
        self._identities: dict[str, frozenset[str]] = {}

    @cached_property
    def bindings(self) -> dict[str, list[dict[str, Any]]]:
        """The role bindings of each resource that has a policy."""
        rows = self._state.db.all("SELECT resource, policy FROM policies")
        return {row["resource"]: orjson.loads(row["policy"]).get("bindings", []) for row in rows}

    @cached_property
    def denials(self) -> dict[str, list[Rule]]:
        """The deny rules of each resource that a deny policy is attached to."""
        found: defaultdict[str, list[Rule]] = defaultdict(list)
        for parent, body in self._bodies(DENIALS):
            found[parent] += denials.rules_of(body)
        return dict(found)

    def above(self, name: str) -> list[str]:
        """What a folder or project lies in, nearest first: folders and the organization."""
        return line_above(name, self._parents)

    def is_folder(self, name: str) -> bool:
        """Whether a folder of that name is there."""
        return name in self._parents

    @cached_property
    def _parents(self) -> dict[str, str]:
        return parents(self._state)

    def permissions_of(self, role: str) -> frozenset[str]:
        """What a role grants, predefined or custom; nothing for one that is not known."""
        found = roles.permissions_of(role)
        return self._custom.get(role, frozenset()) if found is None else found

    def identities(self, principal: str) -> frozenset[str]:
        """All members that stand for a principal."""
        found = self._identities.get(principal)
        if found is None:
            kind, _, email = principal.partition(":")
            sets = sets_of_account(email, self._places_of) if kind == "serviceAccount" else frozenset()
            found = self._identities[principal] = identities(principal, self._groups, sets)
        return found

    def _places_of(self, project: str) -> tuple[str, ...]:
        """A project by its number, or its id, and all that it lies in; nothing where there is none."""
        number = project if project.isdigit() else by_number(self._state, f"projects/{project}")[len("projects/") :]
        if not number.isdigit():
            return ()
        return (f"projects/{number}", *self.above(by_id(self._state, f"projects/{number}")))

    @cached_property
    def _custom(self) -> dict[str, frozenset[str]]:
        rows = self._state.db.all("SELECT name, body FROM resources WHERE kind = ?", (CUSTOM_ROLES,))
        return {row["name"]: custom_roles.granted(orjson.loads(row["body"])) for row in rows}

    @cached_property
    def _groups(self) -> dict[str, frozenset[str]]:
        return groups.memberships(groups.declared(self._state))

    def _bodies(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        rows = self._state.db.all("SELECT parent, body FROM resources WHERE kind = ?", (kind,))
        return [(row["parent"], orjson.loads(row["body"])) for row in rows]

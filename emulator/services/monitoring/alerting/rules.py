"""The conditions of alert policies as rules that can be asked: of log entries, and of values that are measured."""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import ApiError, not_implemented
from emulator.gateway.filters import Predicate
from emulator.services.logging import api as logging
from emulator.services.monitoring.alerting import series
from emulator.services.monitoring.service import POLICIES
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

LOG, THRESHOLD, ABSENT = "conditionMatchedLog", "conditionThreshold", "conditionAbsent"
_ELSEWHERE = ("conditionMonitoringQueryLanguage", "conditionPrometheusQueryLanguage", "conditionSql")
_DURATION = re.compile(r"(\d{1,9})(?:\.\d+)?s")
_RULES = "monitoring.rules"
_DAY = 24 * 3600
AUTO_CLOSE = 7 * _DAY
Refuse = Callable[[str, str], ApiError]


@dataclass(frozen=True)
class LogRule:
    """A condition on log entries: which ones, and by which labels of them incidents are told apart."""

    policy: Resource
    condition: dict[str, Any]
    keep: Predicate
    labels: Callable[[dict[str, Any]], dict[str, str]]

    @property
    def pause(self) -> float:
        """Seconds that pass at least between two notifications of the same labels."""
        return seconds(self.policy.body["alertStrategy"]["notificationRateLimit"]["period"])


@dataclass(frozen=True)
class MetricRule:
    """A condition on measured values, of all conditions of its policy."""

    policy: Resource
    condition: dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """All rules of one emulator: on log entries by project, and on values by policy."""

    logs: dict[str, list[LogRule]]
    metrics: list[list[MetricRule]]


def seconds(duration: str) -> float:
    """The seconds of a duration in JSON ("300s")."""
    return float(duration.removesuffix("s"))


def auto_close(policy: dict[str, Any]) -> float:
    """Seconds after which an incident without news closes: a week, unless the policy says otherwise."""
    return seconds(policy.get("alertStrategy", {}).get("autoClose", f"{AUTO_CLOSE}s"))


def named_conditions(policy: Resource) -> list[dict[str, Any]]:
    """The conditions of a policy, each with a name below the policy's."""
    conditions = enumerate(policy.body.get("conditions", []))
    return [{"name": f"{policy.name}/conditions/{number}", **condition} for number, condition in conditions]


def check(body: dict[str, Any], refuse: Refuse) -> None:
    """Check a policy's conditions and its strategy; `refuse` words a 400 of (field, problem). Raises a 501, too."""
    conditions = body["conditions"]
    for number, condition in enumerate(conditions):
        _check_condition(condition, functools.partial(refuse, f"conditions[{number}]"))
    strategy = body.get("alertStrategy", {})
    if any(LOG in condition for condition in conditions):
        if len(conditions) > 1:
            raise refuse("conditions", "a policy with a condition on log entries has no other condition")
        if not strategy.get("notificationRateLimit", {}).get("period"):
            raise refuse(
                "alertStrategy.notificationRateLimit", "a policy with a condition on log entries needs a period"
            )
    given = (strategy.get("notificationRateLimit", {}).get("period", "0s"), strategy.get("autoClose", "1800s"))
    for duration in given:
        if not _DURATION.fullmatch(duration):
            raise refuse("alertStrategy", f'"{duration[:40]}" is no duration such as 300s')
    if not 1800 <= seconds(given[1]) <= AUTO_CLOSE:
        raise refuse("alertStrategy.autoClose", "it is from 30 minutes to 7 days")


def _check_condition(condition: dict[str, Any], refuse: Callable[[str], ApiError]) -> None:
    for language in _ELSEWHERE:
        if language in condition:
            raise not_implemented(
                f"Conditions of the kind {language} are not emulated; use a threshold or log entries."
            )
    kinds = [kind for kind in (LOG, THRESHOLD, ABSENT) if kind in condition]
    if len(kinds) != 1:
        raise refuse(f"it has one of {LOG}, {THRESHOLD} and {ABSENT}")
    wanted = condition[kinds[0]]
    if not str(wanted.get("filter", "")).strip():
        raise refuse("a filter is required")
    if kinds[0] == LOG:
        logging.compile_filter(wanted["filter"])
        logging.compile_all(wanted.get("labelExtractors", {}))
        return
    _check_values(wanted, refuse, compared=kinds[0] == THRESHOLD)


def _check_values(wanted: dict[str, Any], refuse: Callable[[str], ApiError], *, compared: bool) -> None:
    for unknown in ("denominatorFilter", "forecastOptions"):
        if wanted.get(unknown):
            raise not_implemented(f"{unknown} of a condition is not emulated.")
    series.compile_filter(wanted["filter"])
    series.check(wanted.get("aggregations", []))
    duration = wanted.get("duration", "0s")
    if not _DURATION.fullmatch(duration) or seconds(duration) % 60:
        raise refuse("duration is a multiple of a minute, such as 120s")
    if compared and wanted.get("comparison") not in ("COMPARISON_GT", "COMPARISON_LT"):
        raise refuse("comparison is COMPARISON_GT or COMPARISON_LT")


def forget(context: Context) -> None:
    """Read the policies anew once the caller's write is made: one has changed."""
    context.db.after_commit(lambda: context.extensions.pop(_RULES, None))


def of(context: Context, tx: sqlite3.Connection | None = None) -> Rules:
    """The rules of all policies that are enabled. Inside a write, pass its tx: only writes keep what they read."""
    found: Rules | None = context.extensions.get(_RULES)
    if found is None:
        found = _read(_enabled(context, tx))
        if tx is not None:
            context.extensions[_RULES] = found
    return found


def _enabled(context: Context, tx: sqlite3.Connection | None) -> Iterator[Resource]:
    sql = "SELECT * FROM resources WHERE kind = ?"
    rows = tx.execute(sql, (POLICIES,)) if tx is not None else context.db.all(sql, (POLICIES,))
    for row in rows:
        policy = Resource(**{**dict(row), "body": orjson.loads(row["body"])})
        if policy.body.get("enabled", True):
            yield policy


def _read(policies: Iterator[Resource]) -> Rules:
    rules = Rules({}, [])
    for policy in policies:
        conditions = named_conditions(policy)
        rules.metrics.append([MetricRule(policy, each) for each in conditions if LOG not in each])
        for condition in conditions:
            if LOG in condition:
                matched = condition[LOG]
                keep = logging.compile_filter(matched["filter"])
                rule = LogRule(policy, condition, keep, logging.compile_all(matched.get("labelExtractors", {})))
                rules.logs.setdefault(policy.name.split("/")[1], []).append(rule)
    return Rules(rules.logs, [each for each in rules.metrics if each])

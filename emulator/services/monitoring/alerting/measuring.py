"""Conditions on values: asked after values came and as time goes by, opened while they hold, closed when they don't."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.services.monitoring import incidents
from emulator.services.monitoring.alerting import rules, series
from emulator.services.monitoring.alerting.messages import labels_text, title
from emulator.services.monitoring.alerting.series import MINUTE, Series, Value

if TYPE_CHECKING:
    from emulator.context import Context

_LONGEST = 25 * 3600 // MINUTE  # minutes of values that a condition may look at (Cloud Monitoring: 25 hours)


@dataclass(frozen=True)
class Finding:
    """What a condition finds: the values that break it for as long as it says, and all values of its series."""

    rule: rules.MetricRule
    broken: list[Value]
    all: list[Value]


def evaluate(context: Context, tx: sqlite3.Connection) -> None:
    """Open and close the incidents of all conditions on values, as it is now."""
    last = int(context.clock.seconds()) // MINUTE
    for policy in rules.of(context, tx).metrics:
        findings = [_find(context, rule, last) for rule in policy]
        apart = policy[0].policy.body["combiner"] == "OR"
        together = all(finding.broken for finding in findings)
        for finding in findings:
            _settle(context, tx, finding, finding.broken if apart or together else [])


def _find(context: Context, rule: rules.MetricRule, last: int) -> Finding:
    wanted = rule.condition.get(rules.THRESHOLD) or rule.condition[rules.ABSENT]
    project = rule.policy.name.split("/")[1]
    chosen = series.chosen(context, project, series.compile_filter(wanted["filter"]), last - _LONGEST, last)
    values = _values(rule, chosen, last)
    broken = _broken(rule, values)
    for earlier in range(1, int(rules.seconds(wanted.get("duration", "0s"))) // MINUTE + 1 if broken else 0):
        keys = {value.key for value in _broken(rule, _values(rule, chosen, last - earlier))}
        broken = [value for value in broken if value.key in keys]
    return Finding(rule, broken, values)


def _values(rule: rules.MetricRule, chosen: list[Series], last: int) -> list[Value]:
    """The value of each series in a minute: of the period before it, and where too much is looked for, in it, too.

    So too much is seen at once, and is not over because a minute has just begun.
    """
    wanted = rule.condition.get(rules.THRESHOLD) or rule.condition[rules.ABSENT]
    aggregations = wanted.get("aggregations", [])
    found = {value.key: value for value in series.aligned(chosen, aggregations, last - 1)}
    if wanted.get("comparison") == "COMPARISON_GT":
        for value in series.aligned(chosen, aggregations, last):
            if value.key not in found or value.number > found[value.key].number:
                found[value.key] = value
    return list(found.values())


def _broken(rule: rules.MetricRule, values: list[Value]) -> list[Value]:
    """The values that break the condition, if they are enough."""
    if rules.ABSENT in rule.condition:
        return [value for value in values if not value.number]
    wanted = rule.condition[rules.THRESHOLD]
    limit, above = wanted.get("thresholdValue", 0.0), wanted["comparison"] == "COMPARISON_GT"
    broken = [each for each in values if (each.number > limit if above else each.number < limit)]
    return broken if _triggers(wanted.get("trigger", {}), len(broken), len(values)) else []


def _triggers(trigger: dict[str, Any], broken: int, of: int) -> bool:
    """Whether enough series break a condition: one, unless it says how many, or how many in a hundred."""
    if percent := trigger.get("percent"):
        return bool(of) and 100 * broken / of >= float(percent)
    return broken >= int(trigger.get("count", 1))


def _settle(context: Context, tx: sqlite3.Connection, finding: Finding, broken: list[Value]) -> None:
    """Open the incidents of values that break a condition, and close those of others."""
    rule = finding.rule
    for value in broken:
        incidents.fire(context, tx, rule.policy, rule.condition, _cause(rule, value))
    keys, values = {value.key for value in broken}, {value.key: value for value in finding.all}
    sql = "SELECT * FROM incidents WHERE policy = ? AND condition = ? AND closed IS NULL"
    for row in tx.execute(sql, (rule.policy.name, rule.condition["name"])).fetchall():
        if row["series"] not in keys:
            now = values.get(row["series"])
            said = "" if now is None else f"{_subject(now)} returned to normal with a value of {now.number:.3f}."
            incidents.close(context, tx, row, said)


def _cause(rule: rules.MetricRule, value: Value) -> incidents.Cause:
    if rules.ABSENT in rule.condition:
        said, values = f"{_subject(value)} has no values.", {}
    else:
        wanted = rule.condition[rules.THRESHOLD]
        limit = wanted.get("thresholdValue", 0.0)
        side = "above" if wanted["comparison"] == "COMPARISON_GT" else "below"
        said = f"{_subject(value)} is {side} the threshold of {limit:.3f} with a value of {value.number:.3f}."
        values = {"observed_value": f"{value.number:.3f}", "threshold_value": f"{limit:g}"}
    return incidents.Cause(value.key, value.resource, value.metric, said, values)


def _subject(value: Value) -> str:
    labels = {**value.resource.get("labels", {}), **value.metric.get("labels", {})}
    return f"{value.metric['type']} for {title(value.resource.get('type', ''))} with {labels_text(labels)}"

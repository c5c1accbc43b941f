"""What befalls a call: a function of the profile, the seed, and which call of its method by its caller it is."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.state.trouble import chance
from emulator.state.trouble.profiles import Cut, Latency, Profile, Quota, Refusal


@dataclass(frozen=True, slots=True)
class Decision:
    """What befalls one call: seconds before anything else, a refusal's kind or "", where it is cut off or ""."""

    delay: float = 0.0
    refusal: str = ""
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of a profile that concern one method."""

    latency: Latency | None
    refusals: tuple[Refusal, ...]
    quota: Quota | None
    cuts: tuple[Cut, ...]


def plan_of(profile: Profile, method: str) -> Plan:
    """The rules that concern a method."""
    return Plan(
        next((each for each in profile.latency if each.concerns(method)), None),
        tuple(each for each in profile.refusals if each.concerns(method)),
        next((each for each in profile.quotas if each.concerns(method)), None),
        tuple(each for each in profile.cuts if each.concerns(method)),
    )


def decide(plan: Plan, seed: int, method: str, principal: str, number: int) -> Decision:
    """What befalls the call of that number (from 1) of a method by a principal.

    Shares add up: of two refusals with shares of 0.1 each, a fifth of the calls meets one of them, never both.
    """
    call = (seed, method, principal, number)
    delay = 0.0
    if (slow := plan.latency) is not None:
        delay = round(chance.latency(chance.fraction(*call, "delay"), slow.p50, slow.p95, slow.p99), 6)
    refused = _met([(each.share, each.kind) for each in plan.refusals], chance.fraction(*call, "refusal"))
    cut = _met([(each.share, each.at) for each in plan.cuts], chance.fraction(*call, "cut"))
    return Decision(delay, refused, "" if refused else cut)


def _met(shares: list[tuple[float, str]], part: float) -> str:
    """Which of the shares that lie side by side from 0 on a part falls into; "" for none."""
    for share, name in shares:
        if part < share:
            return name
        part -= share
    return ""

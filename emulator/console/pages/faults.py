"""Faults, trouble and when operations run, for the owner: what is set, and forms to set and end it."""

from __future__ import annotations

from emulator.console.caller import Json
from emulator.console.html import Html, join, tag
from emulator.console.layout import Page, button, facts, field, form, section, table
from emulator.console.site import page, see
from emulator.console.visitor import Visitor
from emulator.gateway.request import Response

_NUMBERS = ("code", "call", "count", "delay")


@page("GET", "faults")
async def faults(visitor: Visitor) -> Page:
    """All three."""
    found = (await visitor.control("GET", "faults"))["faults"]
    trouble = await visitor.control("GET", "trouble")
    content = join(
        section("Set", table("Faults", _HEADINGS, (_row(each) for each in found), "No fault is set."), _clear(found)),
        section("Set another", _form(_methods(visitor))),
        section("Trouble", *_trouble(trouble)),
        section("Operations", _operations(visitor.context.operations.mode)),
    )
    return Page("Faults", content)


_HEADINGS = ("Method", "Answers", "Calls", "Seconds", "Called so far")


def _row(fault: Json) -> tuple[str, str, str, str, str]:
    code = f"{fault['code']}: {fault['message']}" if fault["code"] else "as ever"
    return fault["method"], code, f"{fault['first']} to {fault['last']}", f"{fault['delay']:g}", str(fault["calls"])


def _clear(found: list[Json]) -> Html | None:
    return form("clear-faults", tag("button", "End all", type="submit", class_="danger")) if found else None


def _methods(visitor: Visitor) -> list[str]:
    documents = (document for name in visitor.context.services for document in visitor.context.documents(name))
    return sorted({method.id for document in documents for method in document.methods})


def _form(methods: list[str]) -> Html:
    return form(
        "faults",
        field("Method", "method", list="methods", required=True, size="60"),
        tag("datalist", *(tag("option", value=method) for method in methods), id="methods"),
        field("Status (0 for a delay alone)", "code", "503", inputmode="numeric"),
        field("From call", "call", "1", inputmode="numeric"),
        field("Number of calls", "count", "1", inputmode="numeric"),
        field("Seconds of delay", "delay", "0", inputmode="decimal"),
        field("Message", "message"),
        button("Set"),
        class_="row",
        label="Set a fault",
    )


def _trouble(trouble: Json) -> tuple[Html, ...]:
    known = trouble["profiles"]
    on = trouble["profile"]
    counts = ", ".join(f"{number} {name}" for name, number in trouble.get("counts", {}).items())
    choices = (tag("option", f"{name}: {says}", value=name, selected=name == on) for name, says in known.items())
    chosen = form(
        "trouble",
        tag(
            "p",
            tag("label", "Profile", for_="field-profile"),
            tag("select", *choices, id="field-profile", name="profile"),
        ),
        field("Seed", "seed", str(trouble.get("seed", 0)), inputmode="numeric"),
        button("Begin"),
        class_="row",
        label="Begin trouble",
    )
    end = (form("end-trouble", tag("button", "End trouble", type="submit", class_="danger")),) if on else ()
    return facts(("On", on or "nothing"), ("So far", counts)), chosen, *end


def _operations(mode: str) -> Html:
    hint = "immediate, manual or delay:SECONDS"
    return form("operations-mode", field(f"When operations run ({hint})", "mode", mode), button("Set"), class_="row")


@page("POST", "faults")
async def set_fault(visitor: Visitor) -> Response:
    """Set a fault."""
    body: Json = {name: value for name in ("method", "message") if (value := visitor.asked(name))}
    body |= {name: _number(value) for name in _NUMBERS if (value := visitor.asked(name))}
    await visitor.control("POST", "faults", body)
    return see("faults")


@page("POST", "clear-faults")
async def clear(visitor: Visitor) -> Response:
    """End all faults."""
    await visitor.control("DELETE", "faults")
    return see("faults")


@page("POST", "trouble")
async def begin_trouble(visitor: Visitor) -> Response:
    """Begin trouble of a profile, from a seed."""
    body = {"profile": visitor.must("profile"), "seed": _number(visitor.asked("seed", "0"))}
    await visitor.control("POST", "trouble", body)
    return see("faults")


@page("POST", "end-trouble")
async def end_trouble(visitor: Visitor) -> Response:
    """End it."""
    await visitor.control("DELETE", "trouble")
    return see("faults")


@page("POST", "operations-mode")
async def set_mode(visitor: Visitor) -> Response:
    """Say when operations run."""
    await visitor.control("POST", "operations", {"mode": visitor.must("mode")})
    return see("faults")


def _number(text: str) -> int | float | str:
    """The number that a field holds; what is none goes on as it is, to be refused by its name."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text

"""What functions and operators take and give: signatures.txt, and the types and refusals that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import (
    FLOAT64,
    INT64,
    INTERVAL,
    NUMBERS,
    Kind,
    Mismatch,
    array_of,
    coerces,
    kind_of,
    supertype,
    typed,
)

SIGNATURES = Path(__file__).with_name("signatures.txt")
SYMBOLS: dict[type[exp.Expr], str] = {
    exp.And: "AND",
    exp.Or: "OR",
    exp.Not: "NOT",
    exp.Case: "CASE",
    exp.Neg: "-",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.DPipe: "||",
    exp.Like: "LIKE",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
    exp.BitwiseNot: "~",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.In: "IN",
    exp.Between: "BETWEEN",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
MOMENTS = {"date": "DATE", "datetime": "DATETIME", "timestamp": "TIMESTAMP"}
COMMON = ("this", "expression", "expressions", "default")


@dataclass(frozen=True)
class Signature:
    """takes names the types that an argument may have; result is a rule of signatures.txt."""

    takes: Mapping[str, Sequence[str]]
    result: str


def _read() -> dict[type[exp.Expr], Signature]:
    found: dict[type[exp.Expr], Signature] = {}
    for line in SIGNATURES.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        before, _, result = line.partition("->")
        name, *arguments = before.split()
        takes = {}
        for argument in arguments:
            key, _, kinds = argument.partition("=")
            takes[key] = tuple(kinds.replace("NUMBER", "|".join(NUMBERS)).split("|"))
        found[getattr(exp, name)] = Signature(takes, result.strip())
    return found


TABLE = _read()


def check(node: exp.Expr) -> None:
    """Raise SqlError where an argument has a type that the function or operator does not take."""
    signature = TABLE.get(type(node))
    if signature is None or _is_branch(node):
        return
    if isinstance(node, exp.Case) and node.this is None:
        for case in node.args["ifs"]:
            if not coerces(typed(case.this), "BOOL"):
                raise no_signature(node, case.this)
    for key, names in signature.takes.items():
        argument = node.args.get(key)
        if isinstance(argument, exp.Expr) and not any(coerces(typed(argument), name) for name in names):
            raise no_signature(node)


def no_signature(node: exp.Expr, *arguments: exp.Expr) -> SqlError:
    """The error for arguments that do not fit; those of the node, unless they are given."""
    if isinstance(node, exp.Array):
        different = ", ".join(dict.fromkeys(str(kind_of(item)) for item in arguments))
        return SqlError(f"Array elements of types {{{different}}} do not have a common supertype")
    kinds = [str(kind) for argument in arguments or _arguments(node) if (kind := kind_of(argument)) is not None]
    symbol = SYMBOLS.get(type(node))
    what = f"operator {symbol}" if symbol else f"function {node.sql('bigquery').partition('(')[0].strip()}"
    return SqlError(f"No matching signature for {what} for argument types: {', '.join(kinds)}")


def _is_branch(node: exp.Expr) -> bool:
    """Whether an IF is WHEN and THEN of a CASE."""
    return isinstance(node, exp.If) and isinstance(node.parent, exp.Case)


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    return [child for child in node.iter_expressions() if not isinstance(child, (exp.Var, exp.DataType))]


def result(node: exp.Expr) -> Kind | None:
    """The type that a function or operator gives. Raises SqlError where its arguments have no common type."""
    signature = TABLE.get(type(node))
    if signature is None or _is_branch(node):
        return None
    rule, this = signature.result, kind_of(node.args.get("this"))
    if rule.startswith("["):
        inner = rule.strip("[]")
        element = this if inner == "this" else Kind(inner)
        return None if element is None else array_of(element)
    if rule == "this":
        return this
    if rule == "expression":
        return kind_of(node.expression)
    if rule == "float":
        return FLOAT64 if this is not None and this.name == "INT64" else this
    if rule in MOMENTS:
        return Kind(MOMENTS[rule]) if this is not None and this.name in ("STRING", "NULL") else this
    if rule == "element":
        return this.element if this is not None else None
    if rule in ("common", "quotient", "branches", "numbers"):
        return _combined(node, rule)
    return Kind(rule)


def branches(node: exp.Expr) -> list[exp.Expr]:
    """The expressions whose common type a function gives."""
    if isinstance(node, exp.If):
        found = [node.args.get("true"), node.args.get("false")]
    elif isinstance(node, exp.Case):
        found = [*(case.args["true"] for case in node.args["ifs"]), node.args.get("default")]
    elif isinstance(node, exp.GenerateSeries):
        found = [node.args.get(key) for key in ("start", "end", "step")]
    else:
        found = []
        for key in COMMON:
            value = node.args.get(key)
            found += value if isinstance(value, list) else [value]
    return [value for value in found if isinstance(value, exp.Expr)]


def _scaled(node: exp.Expr) -> Kind | None:
    """INTERVAL where one is multiplied with an INT64, or divided by it; else None."""
    one, other = kind_of(node.args.get("this")), kind_of(node.args.get("expression"))
    pairs = [(one, other), (other, one)] if isinstance(node, exp.Mul) else [(one, other)]
    fits = isinstance(node, (exp.Mul, exp.Div)) and (INTERVAL, INT64) in pairs
    return INTERVAL if fits else None


def _combined(node: exp.Expr, rule: str) -> Kind | None:
    try:
        common = supertype(typed(value) for value in branches(node))
    except Mismatch:
        if (scaled := _scaled(node)) is not None:
            return scaled
        raise no_signature(node, *branches(node)) from None
    if common is None:
        return None
    if rule == "quotient" and common.name == "INT64":
        return FLOAT64
    return array_of(common) if rule == "numbers" else common

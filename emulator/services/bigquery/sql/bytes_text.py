"""Functions and operators of BYTES; those of text are done on text that has one character for each byte.

The engine has them for text only. https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions:
"values of type STRING or BYTES"; https://cloud.google.com/bigquery/docs/reference/standard-sql/operators.
"""

from __future__ import annotations

import string

from sqlglot import exp

from emulator.services.bigquery.sql.kinds import BYTES, STRING, array_of, kind_of, note
from emulator.services.bigquery.sql.nodes import call
from emulator.services.bigquery.sql.signatures import SYMBOLS, no_signature

FUNCTIONS = (
    *(exp.Substring, exp.Left, exp.Right, exp.Upper, exp.Lower, exp.Reverse, exp.Replace, exp.Trim, exp.Pad),
    *(exp.StartsWith, exp.EndsWith, exp.StrPosition, exp.Split, exp.Translate, exp.Like, exp.Levenshtein),
    *(exp.RegexpLike, exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpReplace, exp.RegexpInstr),
)
BITWISE, SHIFTS = (exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor), (exp.BitwiseLeftShift, exp.BitwiseRightShift)
CASES = {
    exp.Upper: (string.ascii_lowercase, string.ascii_uppercase),
    exp.Lower: (string.ascii_uppercase, string.ascii_lowercase),
}


def take_characters(node: exp.Expr) -> bool:
    """Make the BYTES that a text function takes into text, in place; whether there were any.

    Raises SqlError where some are STRING.
    """
    if not isinstance(node, FUNCTIONS) or kind_of(node.this) != BYTES:
        return False
    if any(kind_of(argument) == STRING and not _by_parser(node, argument) for argument in node.iter_expressions()):
        raise no_signature(node)
    for argument in [child for child in node.iter_expressions() if kind_of(child) == BYTES]:
        argument.replace(note(call("bq_characters", argument.copy()), STRING))
    return True


def _by_parser(node: exp.Expr, argument: exp.Expr) -> bool:
    """Whether the parser put the argument there: what SPLIT separates at where nothing is said."""
    return isinstance(node, exp.Split) and argument.is_string and argument.name == ","


def give_bytes(node: exp.Expr, rewritten: exp.Expr) -> exp.Expr:
    """What such a function gives, as BYTES again where BigQuery has it so."""
    if isinstance(node, (exp.Upper, exp.Lower)):  # of ASCII letters only
        rewritten = call("translate", node.this, *CASES[type(node)])
    if kind_of(node) == BYTES:
        return call("bq_bytes", rewritten)
    return call("bq_each_bytes", rewritten) if kind_of(node) == array_of(BYTES) else rewritten


def joined(name: str, values: exp.Expr, *texts: exp.Expr) -> exp.Expr:
    """The BYTES that a function joins an array of BYTES to, with a separator and more of them."""
    characters = [call("bq_characters", each) for each in texts]
    return call("bq_bytes", call(name, call("bq_each_characters", values), *characters))


def bitwise(node: exp.Expr) -> exp.Expr | None:
    """A bitwise operator on BYTES for the engine, which has them for its own kind of bits; None for other nodes.

    Raises SqlError for BYTES and a number.
    """
    if not isinstance(node, (*BITWISE, *SHIFTS, exp.BitwiseNot)) or BYTES not in map(kind_of, _operands(node)):
        return None
    if isinstance(node, exp.BitwiseNot):
        return call("bq_bytes_inverted", node.this)
    symbol = exp.Literal.string(SYMBOLS[type(node)])
    if isinstance(node, SHIFTS):
        return call("bq_bytes_shifted", node.this, symbol, node.expression)
    if any(kind is not None and kind.name not in ("BYTES", "NULL") for kind in map(kind_of, _operands(node))):
        raise no_signature(node)
    return call("bq_bytes_combined", node.this, symbol, node.expression)


def _operands(node: exp.Expr) -> list[exp.Expr]:
    """What a shift moves, or what an operator combines."""
    return [node.this] if isinstance(node, (*SHIFTS, exp.BitwiseNot)) else [node.this, node.expression]

"""Text functions of BYTES: done on text that has one character for each byte, since the engine has them for text only.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions: "values of type STRING or BYTES".
"""

from __future__ import annotations

import string

from sqlglot import exp

from emulator.services.bigquery.sql.kinds import BYTES, STRING, array_of, kind_of, note
from emulator.services.bigquery.sql.nodes import call
from emulator.services.bigquery.sql.signatures import no_signature

FUNCTIONS = (
    *(exp.Substring, exp.Left, exp.Right, exp.Upper, exp.Lower, exp.Reverse, exp.Replace, exp.Trim, exp.Pad),
    *(exp.StartsWith, exp.EndsWith, exp.StrPosition, exp.Split, exp.Translate, exp.Like, exp.Levenshtein),
    *(exp.RegexpLike, exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpReplace, exp.RegexpInstr),
)
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

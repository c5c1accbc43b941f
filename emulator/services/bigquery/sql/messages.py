"""What the engine says about a statement, in BigQuery's words. Its own reach the emulator's log, never a user.

https://cloud.google.com/bigquery/docs/error-messages; where BigQuery's own sentence is not documented, one of its kind.
"""

from __future__ import annotations

import logging
import re
import resource

from emulator.services.bigquery.sql.arity import COUNTS
from emulator.services.bigquery.sql.errors import OutOfMemory, SqlError

OURS = re.compile("\x01(.*)\x02", re.DOTALL)  # how errors.sql and scalars mark an error of ours
PYTHON = "Invalid Input Error: Python exception occurred while executing the UDF: "
BLOCK = re.compile(r"Failed to allocate block of (\d+) bytes")
CLASS = re.compile(r"\A[A-Z][\w -]{2,40} Error: ")
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
TYPES = {
    "BIGINT": "INT64",
    "INT32": "INT64",
    "INTEGER": "INT64",
    "INTEGER_LITERAL": "INT64",
    "STRING_LITERAL": "STRING",
    "HUGEINT": "INT64",
    "DOUBLE": "FLOAT64",
    "FLOAT": "FLOAT64",
    "VARCHAR": "STRING",
    "BIGNUM": "BIGNUMERIC",
    "BLOB": "BYTES",
    "BOOLEAN": "BOOL",
    "TIMESTAMP": "DATETIME",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}
ENGINE_WORDS = re.compile(
    r"(?i)duckdb|\bbq_|python|"
    r"varchar|bigint|\bbignum\b|hugeint|double|blob|\bicu\b|lambda|struct_|list_|candidate|file '|\bSET \w+="
)
DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
LISTED = re.compile(r",\s*(?![^(]*\))")  # between arguments, not inside DECIMAL(38,9)
OPERATORS = {"~~": "LIKE", "!~~": "NOT LIKE", "||": "||", "LIKE_ESCAPE": "LIKE", "NOT_LIKE_ESCAPE": "NOT LIKE"}
SENTENCES = (  # patterns of the engine's, without their class, compiled when one is asked for; BigQuery's for them
    (r'Referenced (?:column|table) "([^"]+)"', "Unrecognized name: {1}"),
    (r'.*?"([^"]+)".* not found in FROM clause', "Unrecognized name: {1}"),
    (r"Referenced update column (\S+) not found", "Column {1} is not present in the table"),
    (r'Table "([^"]+)" does not have a column named "([^"]+)"', "Name {2} not found inside {1}"),
    (r'Table "[^"]+" does not have a column with name "([^"]+)"', "Column {1} is not present in the table"),
    (r'Could not find key "([^"]+)" in struct', "Field name {1} does not exist in STRUCT"),
    (r'Ambiguous reference to column name "([^"]+)"', "Column name {1} is ambiguous"),
    (r'Column "([^"]+)" does not exist on (left|right) side',
     "Column {1} in USING clause not found on {2} side of join"),
    (r'(?:Scalar|Aggregate|Table) Function with name "?(?:bq_)?(\w+)"?', "The function {1} is not emulated"),
    (r"No function matches the given name and argument types '(\S+?)\((.*?)\)'\.",
     "No matching signature{f1} for argument types: {t2}"),
    (r'Could not choose a best candidate function for the function call "(\S+?)\((.*)\)"',
     "No matching signature{f1} for argument types: {t2}"),
    (r'column "([^"]+)" must appear in the GROUP BY clause',
     "SELECT list expression references column {1} which is neither grouped nor aggregated"),
    (r'(?:Table with name "k[0-9a-f]{16}\.main|Schema with name k[0-9a-f]{16} )',
     "The version of the Cloud KMS key that protects these rows is not enabled, or was not a moment ago"),
    (r"NOT NULL constraint failed: (.*)", "Required field {n1} cannot be null"),
    (r".*cannot affect the same target row more than once",
     "UPDATE/MERGE must match at most one source row for each target row"),
    (r"Cannot mix values of type (.+) and (.+?) in (\w+)",
     "No matching signature for {3} for types {t1} and {t2}; add an explicit CAST"),
    (r"Cannot compare values of type (.+?) and (?:type )?(.+?) -",
     "No matching signature for operator = for argument types: {t1}, {t2}"),
    (r"Could not convert string '(.*)' to (\w+)", "Bad value for the type {t2}: {1}"),
    (r"Could not parse string \"(.*)\" according to format", 'Failed to parse input string "{1}"'),
    (r"(?:invalid|Invalid) (date|time|timestamp) (?:field|value)[^:]*: \"(.*?)\"", "Invalid {1}: '{2}'"),
    (r"Failure in decode", "Invalid UTF-8 string"),
    (r'(date|time|timestamp) field value out of range: "(.*?)"', "Invalid {1}: '{2}'"),
    (r"Could not decode string .* as base64", "Failed to decode invalid base64 string"),
    (r"Unknown TimeZone '(.*?)'", "Invalid time zone: {1}"),
    (r"Overflow in .* (?:DECIMAL|INT128)|Could not cast value .* to DECIMAL|Casting .* to type DECIMAL",
     "numeric overflow"),
    (r"Overflow on abs|Overflow in .* INT64|.*cast from type .* out of range.* INT64", "int64 overflow"),
    (r"(?:ORDER|GROUP BY) term out of range", "ORDER BY or GROUP BY is out of SELECT column number range"),
    (r".*[Oo]ut of range|Overflow", "The value is out of range for its type"),
    (r"Set operations can only apply to expressions with the same number of result columns",
     "Queries in UNION ALL have mismatched column count"),
    (r".* has (\d+) columns but (\d+) values were supplied|.*expected (\d+) columns but (\d+) values",
     "Inserted row has wrong column count"),
    (r"Subquery returns (\d+) columns", "Scalar subquery cannot have more than one column; it has {1}"),
    (r"More than one row returned by a subquery", "Scalar subquery produced more than one element"),
    (r"Malformed JSON", "Invalid input to PARSE_JSON: syntax error while parsing value"),
    (r"Unimplemented type for cast \((.+?) -> (.+?)\)", "Invalid cast from {t1} to {t2}"),
    (r"[Aa]ggregate function", "Aggregate function is not allowed here"),
    (r"Cannot extract field '([^']+)'", "Cannot access field {1} on a value that is no STRUCT"),
    (r"Invalid replacement string", "Invalid REGEXP_REPLACE pattern"),
    (r"Invalid input for hex digit", "Failed to decode invalid hexadecimal string"),
    (r"JSON path error", "Invalid token in JSONPath"),
    (r"Like pattern must not end with escape", "LIKE pattern ends with a backslash"),
    (r"QUANTILE (?:can only take|parameter)", "The percentile must be between 0 and 1"),
    (r"(\w+) clause cannot contain window functions", "Analytic function not allowed in {1} clause"),
    (r"WHERE clause cannot contain aggregates", "Aggregate function is not allowed in the WHERE clause"),
    (r"[Ww]indow functions are not (?:allowed|supported)", "Analytic function is not allowed here"),
    (r"Frame starting from", "Window framing starts after it ends"),
    (r"LIMIT/OFFSET cannot be negative", "LIMIT and OFFSET take integers that are not negative"),
    (r"missing argument|no argument for repetition|invalid (?:perl|escape|repetition|character)|missing [\])]",
     "Cannot parse regular expression"),
)  # fmt: skip
UNKNOWN = "The statement cannot be evaluated by the emulator; its log tells more."
_log = logging.getLogger("emulator.bigquery")


def _type(name: str) -> str:
    """A type of the engine's by its GoogleSQL name."""
    name = name.strip().strip('"')
    if name.endswith("[]"):
        return f"ARRAY<{_type(name[:-2])}>"
    if name.startswith("STRUCT("):
        return "STRUCT"
    if DECIMAL.fullmatch(name):
        return "NUMERIC"
    return TYPES.get(name, name)


def _words(template: str, found: re.Match[str]) -> str:
    """A sentence of SENTENCES with what was found: {1} as it is, {t1} a type, {f1} a function, {n1} a last name."""

    def part(place: re.Match[str]) -> str:
        value = found[int(place[2])]
        if place[1] == "t":
            return ", ".join(_type(kind) for kind in LISTED.split(value))
        if place[1] == "f":
            name = value.removeprefix("bq_").upper()
            if name in OPERATORS or not name.isidentifier():
                return f" for operator {OPERATORS.get(name, name)}"
            return f" for function {name}" if name in COUNTS else ""  # the engine's name says nothing to a user
        return value.rpartition(".")[2] if place[1] == "n" else value

    return re.sub(r"\{([tfn]?)(\d)\}", part, template)


def statement_error(error: Exception) -> SqlError:
    """An error of the engine in words for the user."""
    if ours := OURS.search(str(error)):
        return SqlError(ours[1])
    text = first_line(error)
    if text.startswith(PYTHON + "MemoryError"):
        return out_of_memory()
    if text.startswith("Out of Memory Error"):
        block = BLOCK.search(text)
        return out_of_memory(alone=block is not None and int(block[1]) > resource.getrlimit(resource.RLIMIT_DATA)[0])
    if "Max expression depth" in text:
        return too_complex()
    sentence = text
    while match := CLASS.match(sentence):
        sentence = sentence[match.end() :]
    for pattern, template in SENTENCES:
        if found := re.match(pattern, sentence):
            return SqlError(_words(template, found))
    if text.startswith("Invalid Input Error: ") and not ENGINE_WORDS.search(sentence):
        return SqlError(sentence)  # what ERROR() and the macros say
    _log.warning("a statement failed: %s", QUOTED.sub("'...'", text))
    return SqlError(UNKNOWN)


def out_of_memory(*, alone: bool = False) -> SqlError:
    """More memory than the emulator gives to queries. alone: more than all of it, whatever else runs."""
    return (SqlError if alone else OutOfMemory)(
        "Resources exceeded during query execution: The query could not be executed in the allotted memory; "
        "--query-memory of the emulator's start says how much all queries together have.",
        "resourcesExceeded",
    )


def too_complex() -> SqlError:
    """A statement that is nested too deeply to be analysed."""
    return SqlError(
        "Resources exceeded during query execution: Not enough resources for query planning - too many subqueries or "
        "query is too complex.",
        "resourcesExceeded",
    )


def first_line(error: Exception) -> str:
    """The sentence of an error, without the engine's hints."""
    return str(error).split("\n", 1)[0].strip()

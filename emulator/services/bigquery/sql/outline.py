"""The text of a script as blocks: statements are cut apart and control is read; what statements say is read later.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from sqlglot import Token

from emulator.services.bigquery.sql.blocks import (
    ITERATE,
    LEAVE,
    RETURN,
    Assert,
    Assign,
    Block,
    Branches,
    Call,
    Declare,
    Execute,
    For,
    Fragment,
    Jump,
    Loop,
    Node,
    Raise,
    Statement,
    Transaction,
)
from emulator.services.bigquery.sql.cursor import Cursor, tokenized
from emulator.services.bigquery.sql.errors import SqlError

JUMPS = {"BREAK": LEAVE, "LEAVE": LEAVE, "CONTINUE": ITERATE, "ITERATE": ITERATE}
ENDS = ("END", "ELSE", "ELSEIF", "EXCEPTION", "THEN", "UNTIL", "WHEN", "DO")
MAX_DEPTH = 50  # BigQuery: maximum nesting depth of blocks and conditions


def read(sql: str) -> tuple[Node, ...]:
    """The statements of a script. Raises SqlError where its control statements are not well-formed."""
    return _Reader(sql, tokenized(sql)).script()


def leaves(nodes: Sequence[Node]) -> Iterator[Fragment]:
    """The statements of SQL in a script, those that make or drop routines left out."""
    for node in nodes:
        if isinstance(node, Statement) and node.kind != "ROUTINE":
            yield node.sql
        elif isinstance(node, Branches):
            for body in (*(body for _, body in node.branches), node.otherwise):
                yield from leaves(body)
        elif isinstance(node, (Loop, For, Block)):
            yield from leaves(node.body)
            yield from leaves((node.handler or ()) if isinstance(node, Block) else ())


class _Reader(Cursor):
    """Reads the statements of one script."""

    def __init__(self, sql: str, tokens: Sequence[Token]) -> None:
        super().__init__(sql, tokens)
        self._depth = 0
        self._labels: list[tuple[str, bool]] = []  # labels of what is open, and whether it is a loop

    def script(self) -> tuple[Node, ...]:
        """All statements up to the end of the text."""
        nodes = self._statements(())
        if self._at < len(self._tokens):
            raise self._unexpected()
        return nodes

    # Statements
    def _statements(self, ends: tuple[str, ...], *, declares: bool = True) -> tuple[Node, ...]:
        """The statements up to one of these words, which is not taken."""
        nodes: list[Node] = []
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SqlError(f"Nested control statements exceed the maximum depth of {MAX_DEPTH}.")
        while self._at < len(self._tokens) and self._word() not in ends:
            if self._take(";"):
                continue
            if self._word() == "DECLARE" and not (declares and all(isinstance(node, Declare) for node in nodes)):
                place = self._fragment(self._at, self._at + 1).place
                message = "Variable declarations are allowed only at the start of a block or script"
                raise SqlError(f"Syntax error: {message} at {place}")
            nodes.append(self._statement())
            if self._at < len(self._tokens):
                self._need(";")
            elif ends:
                raise self._unexpected(";")
        self._depth -= 1
        return tuple(nodes)

    def _statement(self) -> Node:
        word = self._word()
        if self._word(1) == ":" and self._word(2) in ("LOOP", "WHILE", "REPEAT", "FOR", "BEGIN"):
            label = self._name()
            self._need(":")
            return self._labelled(label)
        if word in ("LOOP", "WHILE", "REPEAT", "FOR") or (
            word == "BEGIN" and self._word(1) not in ("TRANSACTION", ";")
        ):
            return self._labelled("")
        if word in JUMPS:
            return self._jump()
        readers = {
            "DECLARE": self._declare,
            "SET": self._set,
            "IF": self._if,
            "CASE": self._case,
            "ASSERT": self._assert,
            "RAISE": self._raise,
            "EXECUTE": self._execute,
            "CALL": self._call,
        }
        if word in readers:
            return readers[word]()
        if word == "RETURN" and self._word(1) in (";", ""):
            self._at += 1
            return Jump(RETURN)
        return self._transaction() or self._sql_statement()

    def _sql_statement(self) -> Node:
        if self._word() in ENDS:
            raise self._unexpected()
        first = self._at
        dropped = self._take("DROP")
        made = self._take("CREATE")
        self._take("OR", "REPLACE")
        kind = "FUNCTION" if self._word() in ("TEMP", "TEMPORARY") and self._word(1) == "FUNCTION" else ""
        self._take("TABLE")
        kind = "ROUTINE" if (made or dropped) and self._word() in ("FUNCTION", "PROCEDURE") else kind
        procedure = made and self._word() == "PROCEDURE"
        self._at = first
        if not procedure:
            while self._word() not in (";", "") or (self._at < len(self._tokens) and not self._word()):
                self._at += 1
            return Statement(self._fragment(first), kind)
        self._expression("BEGIN")
        self._labels, before = [], self._labels
        self._block("")
        self._labels = before
        return Statement(self._fragment(first), "ROUTINE")

    def _transaction(self) -> Node | None:
        first = self._at
        if self._take("BEGIN TRANSACTION") or self._take("BEGIN"):
            action = "BEGIN"
        elif self._word() in ("COMMIT", "ROLLBACK"):
            action = self._word()
            self._at += 1
        else:
            return None
        self._take("TRANSACTION")
        return Transaction(self._fragment(first), action)

    def _declare(self) -> Node:
        first = self._at
        self._need("DECLARE")
        names = self._listed(self._name)
        kind = ""
        if self._word() not in ("DEFAULT", ";", ""):
            kind = self._expression("DEFAULT").text
        default = self._to_end() if self._take("DEFAULT") else None
        if not kind and default is None:
            raise self._unexpected("type")
        return Declare(self._fragment(first), names, kind, default)

    def _set(self) -> Node:
        first = self._at
        self._need("SET")
        if listed := self._take("("):
            targets = self._variables()
            self._need(")")
        else:
            targets = (self._variable(),)
        self._need("=")
        value = self._to_end()
        return Assign(self._fragment(first), targets, value, listed)

    def _if(self) -> Node:
        self._need("IF")
        branches = [self._branch()]
        while self._take("ELSEIF"):
            branches.append(self._branch("ELSEIF", "ELSE", "END"))
        otherwise = self._statements(("END",), declares=False) if self._take("ELSE") else ()
        self._need("END", "IF")
        return Branches(tuple(branches), otherwise)

    def _branch(self, *ends: str) -> tuple[Fragment, tuple[Node, ...]]:
        condition = self._expression("THEN")
        self._need("THEN")
        return condition, self._statements(ends or ("ELSEIF", "ELSE", "END"), declares=False)

    def _case(self) -> Node:
        self._need("CASE")
        operand = None if self._word() == "WHEN" else self._expression("WHEN")
        branches = []
        while self._take("WHEN"):
            condition, body = self._branch("WHEN", "ELSE", "END")
            branches.append((_equal(operand, condition), body))
        if not branches:
            raise self._unexpected("WHEN")
        otherwise = self._statements(("END",), declares=False) if self._take("ELSE") else ()
        self._need("END", "CASE")
        return Branches(tuple(branches), otherwise)

    def _labelled(self, label: str) -> Node:
        word = self._word()
        if label and any(label.lower() == open_.lower() for open_, _ in self._labels):
            raise SqlError(f"Duplicate label name: {label}")
        self._labels.append((label, word != "BEGIN"))
        readers = {"LOOP": self._loop, "WHILE": self._while, "REPEAT": self._repeat, "FOR": self._for}
        node = readers.get(word, self._block)(label)
        self._labels.pop()
        if label and self._word().lower() == label.lower():
            self._at += 1
        return node

    def _loop(self, label: str) -> Node:
        self._need("LOOP")
        body = self._statements(("END",), declares=False)
        self._need("END", "LOOP")
        return Loop(label, body)

    def _while(self, label: str) -> Node:
        self._need("WHILE")
        condition = self._expression("DO")
        self._need("DO")
        body = self._statements(("END",), declares=False)
        self._need("END", "WHILE")
        return Loop(label, body, condition=condition)

    def _repeat(self, label: str) -> Node:
        self._need("REPEAT")
        body = self._statements(("UNTIL",), declares=False)
        self._need("UNTIL")
        until = self._expression("END")
        self._need("END", "REPEAT")
        return Loop(label, body, until=until)

    def _for(self, label: str) -> Node:
        self._need("FOR")
        variable = self._name()
        self._need("IN", "(")
        first, depth = self._at, 1
        while self._at < len(self._tokens) and depth:
            depth += (self._word() == "(") - (self._word() == ")")
            self._at += 1
        query = self._fragment(first, self._at - 1)
        self._need("DO")
        body = self._statements(("END",), declares=False)
        self._need("END", "FOR")
        return For(label, variable, query, body)

    def _block(self, label: str) -> Node:
        self._need("BEGIN")
        body = self._statements(("EXCEPTION", "END"))
        handler = None
        if self._take("EXCEPTION"):
            self._need("WHEN", "ERROR", "THEN")
            handler = self._statements(("END",), declares=False)
        self._need("END")
        return Block(label, body, handler)

    def _jump(self) -> Node:
        first, word = self._at, self._word()
        self._at += 1
        label = self._name() if self._word() not in (";", "") else ""
        kind = JUMPS[word]
        known = [open_.lower() for open_, is_loop in self._labels if is_loop or (kind == LEAVE and open_)]
        if label and label.lower() not in known:
            raise SqlError(f"{word} uses a label that no enclosing statement has: {label}")
        if not label and not any(is_loop for _, is_loop in self._labels):
            raise SqlError(f"{word} is only allowed inside of a loop body at {self._fragment(first).place}")
        return Jump(kind, label)

    def _raise(self) -> Node:
        first = self._at
        self._need("RAISE")
        message = None
        if self._take("USING"):
            self._need("MESSAGE", "=")
            message = self._to_end()
        return Raise(self._fragment(first), message)

    def _assert(self) -> Node:
        first = self._at
        self._need("ASSERT")
        condition = self._expression("AS")
        said = self._literal() if self._take("AS") else ""
        return Assert(self._fragment(first), condition, said)

    def _execute(self) -> Node:
        first = self._at
        self._need("EXECUTE", "IMMEDIATE")
        text = self._expression("INTO", "USING")
        into = self._variables() if self._take("INTO") else ()
        using = self._listed(self._argument) if self._take("USING") else ()
        return Execute(self._fragment(first), text, into, using)

    def _argument(self) -> tuple[Fragment, str]:
        value = self._expression(",", "AS")
        return value, self._name() if self._take("AS") else ""

    def _call(self) -> Node:
        first = self._at
        self._need("CALL")
        at = self._at
        while self._at < len(self._tokens) and self._word() not in ("(", ";"):
            self._at += 1
        procedure = self._fragment(at).text
        self._need("(")
        arguments = () if self._word() == ")" else self._listed(functools.partial(self._expression, ","))
        self._need(")")
        return Call(self._fragment(first), procedure, arguments)


def _equal(operand: Fragment | None, value: Fragment) -> Fragment:
    """The condition of a WHEN: the value itself, or that the operand of CASE equals it."""
    if operand is None:
        return value
    text = f"({operand.text}) = ({value.text})"
    return Fragment(text, value.place, operand.parameters + value.parameters)

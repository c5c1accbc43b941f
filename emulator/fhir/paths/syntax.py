"""The tree of an expression (FHIRPath 2.0, as far as search parameters and invariants of STU3, R4 and R5 go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.words import Word, words

DEEPEST = 20  # brackets inside each other
LONGEST_CHAIN = 200  # steps and operators that build on each other
UCUM = "http://unitsofmeasure.org"  # %ucum


@dataclass(frozen=True)
class This:
    """What an expression is asked of: the resource, or inside where() the item at hand."""


@dataclass(frozen=True)
class Root:
    """The resource as a whole: %resource, or the name of a type where an expression begins."""

    type: str = ""


@dataclass(frozen=True)
class Child:
    """An element of what `of` gives."""

    of: Node
    name: str


@dataclass(frozen=True)
class Literal:
    """A text, number or boolean that is written down."""

    value: str | float | bool


@dataclass(frozen=True)
class Call:
    """A function of what `of` gives: where, exists, first, extension and so on."""

    of: Node
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Index:
    """The item of what `of` gives at a place, from 0."""

    of: Node
    place: int


@dataclass(frozen=True)
class Typed:
    """`as` keeps what is of a type, `is` asks for it."""

    of: Node
    operator: str
    type: str


@dataclass(frozen=True)
class Union:
    """What any of the sides gives."""

    sides: tuple[Node, ...]


@dataclass(frozen=True)
class Binary:
    """A comparison (= !=), an order, a connection (and or xor implies), membership, or the joining of two values."""

    operator: str
    left: Node
    right: Node


Node: TypeAlias = This | Root | Child | Literal | Call | Index | Typed | Union | Binary


_LEVELS = (("implies",), ("or", "xor"), ("and",), ("in", "contains"), ("=", "!="), ("<", ">", "<=", ">="))


def parsed(expression: str) -> Node:
    """The tree of an expression. PathError with a sentence where it is not of this language, or nested too deep."""
    reader = _Reader(expression)
    node = reader.connection()
    reader.expect("end", "")
    level = [node]
    for _ in range(LONGEST_CHAIN):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return node
    raise PathError(f'More than {LONGEST_CHAIN} steps build on each other in the expression "{expression}".')


def size(node: Node) -> int:
    """The number of nodes of a tree."""
    return 1 + sum(map(size, _inside(node)))


def is_fixed(node: Node) -> bool:
    """Whether a tree asks of the resource as a whole only, and gives the same of whichever item is at hand."""
    inside = _inside(node)
    return all(map(is_fixed, inside)) if inside else isinstance(node, Literal) or node == Root()


def _inside(node: Node) -> tuple[Node, ...]:
    """The nodes that a node is made of."""
    match node:
        case Child(of=of) | Index(of=of) | Typed(of=of):
            return (of,)
        case Call(of=of, arguments=arguments):
            return (of, *arguments)
        case Union(sides=sides):
            return sides
        case Binary(left=left, right=right):
            return (left, right)
    return ()


class _Reader:
    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._words = words(expression)
        self._at = 0
        self._depth = 0

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    def _next(self) -> Word:
        word = self._word
        self._at += word.kind != "end"
        return word

    def _take(self, *values: str) -> str | None:
        if self._word.kind in {"sign", "name"} and self._word.value in values:
            return self._next().value
        return None

    def expect(self, kind: str, value: str = "") -> Word:
        """The next word, which must be of that kind and, where one is given, that value."""
        word = self._word
        if word.kind != kind or (value and word.value != value):
            wanted = "its end" if kind == "end" else f'"{value or kind}"'
            raise self._wrong(f"{wanted} is expected")
        return self._next()

    def _wrong(self, reason: str) -> PathError:
        return PathError(
            f'The expression "{self._expression}" cannot be read at character {self._word.at + 1}: {reason}.'
        )

    def connection(self) -> Node:
        """The loosest: implies. What binds more tightly follows in `_LEVELS`."""
        return self._level(0)

    def _level(self, level: int) -> Node:
        """Operators of a level between what binds more tightly."""
        if level == len(_LEVELS):
            return self._union()
        node = self._level(level + 1)
        while operator := self._take(*_LEVELS[level]):
            node = Binary(operator, node, self._level(level + 1))
        return node

    def _union(self) -> Node:
        sides = [self._typed()]
        while self._take("|"):
            sides.append(self._typed())
        return sides[0] if len(sides) == 1 else Union(tuple(sides))

    def _joined(self) -> Node:
        node = self._path()
        while operator := self._take("&", "+"):
            node = Binary(operator, node, self._path())
        return node

    def _typed(self) -> Node:
        node = self._joined()
        while operator := self._take("as", "is"):
            node = Typed(node, operator, self._type())
        return node

    def _type(self) -> str:
        name = self.expect("name").value
        while self._take("."):
            name = self.expect("name").value  # FHIR.Patient, System.String
        return name

    def _path(self) -> Node:
        node = self._beginning()
        while sign := self._take(".", "["):
            if sign == "[":
                node = Index(node, int(self.expect("number").value.split(".")[0]))
                self.expect("sign", "]")
            else:
                node = self._step(node)
        return node

    def _beginning(self) -> Node:
        word = self._word
        if word.kind == "text":
            return Literal(self._next().value)
        if word.kind == "number":
            return Literal(float(self._next().value))
        if self._take("("):
            return self._inside()
        if word.kind != "name":
            raise self._wrong("a path is expected")
        if word.value in {"true", "false"}:
            return Literal(self._next().value == "true")
        if word.value in {"$this", "%resource", "%rootResource", "%context"}:
            return This() if self._next().value == "$this" else Root()
        if word.value == "%ucum":
            self._next()
            return Literal(UCUM)
        if word.value[0].isupper() and self._words[self._at + 1].value != "(":
            return Root(self._next().value)
        return self._step(This())

    def _inside(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} brackets are inside each other")
        node = self.connection()
        self.expect("sign", ")")
        self._depth -= 1
        return node

    def _step(self, of: Node) -> Node:
        name = self.expect("name").value
        if not self._take("("):
            return Child(of, name)
        if name in {"as", "is", "ofType"}:
            node: Node = Typed(of, "is" if name == "is" else "as", self._type())
        else:
            node = Call(of, name, self._arguments())
        self.expect("sign", ")")
        return node

    def _arguments(self) -> tuple[Node, ...]:
        if self._word.value == ")" and self._word.kind == "sign":
            return ()
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} brackets are inside each other")
        found = [self.connection()]
        while self._take(","):
            found.append(self.connection())
        self._depth -= 1
        return tuple(found)

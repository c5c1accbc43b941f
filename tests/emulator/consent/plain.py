"""Authorization rules as trees, written out as text and worked out by walking them: what the compiler is held to.

Also what consents say of a use, step by step as Cloud Healthcare's pages tell it.
"""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

NAMES = ("purpose", "role", "organization")
TEXTS = ("research", "care", "clinic-a", "Zürich", "it's", 'say "a"', "a\\b", "", "line\nbreak")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")

Tree = tuple[Any, ...]


def quoted(text: str, mark: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(mark, f"\\{mark}").replace("\n", "\\n")
    return f"{mark}{escaped}{mark}"


def values() -> st.SearchStrategy[Tree]:
    named = st.sampled_from(NAMES).map(lambda name: ("name", name))
    texts = st.tuples(st.just("text"), st.sampled_from(TEXTS), st.sampled_from("'\""))
    return named | texts


def trees() -> st.SearchStrategy[Tree]:
    compared = st.tuples(st.sampled_from(COMPARISONS), values(), values())
    member = st.tuples(st.just("in"), values(), st.lists(values(), max_size=4))
    return st.recursive(
        compared | member, lambda inner: st.tuples(st.sampled_from(("&&", "||")), inner, inner), max_leaves=8
    )


def requests() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS), max_size=3)


def written(tree: Tree, *, inside: str = "") -> str:
    """The tree as a rule, with the parentheses that it needs."""
    kind = tree[0]
    if kind == "name":
        return str(tree[1])
    if kind == "text":
        return quoted(tree[1], tree[2])
    if kind == "in":
        return f"{written(tree[1])} in [{', '.join(written(each) for each in tree[2])}]"
    text = f"{written(tree[1], inside=kind)} {kind} {written(tree[2], inside=kind)}"
    return f"({text})" if inside == "&&" and kind == "||" else text


def worked_out(tree: Tree, request: Mapping[str, str]) -> bool | str | None:
    """What the tree comes to; None where an absent attribute decides it."""
    kind = tree[0]
    if kind == "name":
        return request.get(tree[1])
    if kind == "text":
        return str(tree[1])
    if kind == "in":
        one, among = worked_out(tree[1], request), [worked_out(each, request) for each in tree[2]]
        return None if one is None or None in among else bool(one in among)
    left, right = worked_out(tree[1], request), worked_out(tree[2], request)
    if kind in ("&&", "||"):
        decisive = kind == "||"
        if decisive in (left, right):
            return bool(decisive)
        return None if None in (left, right) else not decisive
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    orders: dict[str, bool] = {"==": left == right, "!=": left != right, "<": left < right, ">": left > right}
    orders |= {"<=": left <= right, ">=": left >= right}
    return orders[str(kind)]


def names(tree: Tree) -> set[str]:
    if tree[0] == "name":
        return {tree[1]}
    parts = [each for part in tree[1:] for each in (part if isinstance(part, list) else [part])]
    return {name for part in parts if isinstance(part, tuple) for name in names(part)}

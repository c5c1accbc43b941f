"""`tags`: look up DICOM attributes, IODs and modules, or explain a file; offline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.options import JsonOption
from scripts.console import note, print_json, print_table, say
from scripts.errors import CommandError, UsageError

if TYPE_CHECKING:
    from scripts.dicomtags.dictionary import Entry
    from scripts.dicomtags.standard import Iod, Module


def tags(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="TAG|KEYWORD|WORDS", help="Such as 00100020, 60xx3000, PatientID, patient id."),
    ] = None,
    *,
    ciod: Annotated[str, typer.Option(help="Show an IOD: its name, a part of it, or the UID of a SOP class.")] = "",
    module: Annotated[str, typer.Option(help="Show one module, alone or as the IOD of --ciod has it.")] = "",
    depth: Annotated[
        int | None,
        typer.Option(
            min=0, help="How deep: 0 only modules, 1 their own attributes, 2 the items of these. Default: 2, JSON: all."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="Explain this DICOM file.")
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="With --file: show also the values that may identify somebody.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many results of a search; 0 means all.")] = 40,
    as_json: JsonOption = False,
) -> None:
    """Explain DICOM attributes: VR, meaning, de-identification, search, BigQuery column, modules.

    Everything is answered from tables that come with the program; no stack and no network is needed.
    """
    asked = [bool(" ".join(words or []).strip()), bool(ciod or module), file is not None]
    if sum(asked) != 1:
        raise UsageError("Name an attribute, or give --ciod and --module, or --file: one of these at a time.")
    if (values and file is None) or (depth is not None and not (ciod or module)):
        raise UsageError("--values goes with --file, and --depth with --ciod or --module.")
    if file is not None:
        _explain_file(file, values=values, as_json=as_json)
    elif ciod or module:
        _show_tables(ciod, module, depth, as_json=as_json)
    else:
        _look_up(words or [], limit, as_json=as_json)


def _look_up(words: list[str], limit: int, *, as_json: bool) -> None:
    from scripts.dicomtags import dictionary

    text = " ".join(words)
    tag = dictionary.read_tag(text)
    if tag is not None:
        _show_tag(tag, as_json=as_json)
        return
    entry = dictionary.entry_named(text) if len(words) == 1 else None
    found = [entry] if entry else dictionary.search(text.split())
    if not found:
        near = dictionary.near_names(text)
        raise CommandError(f"No DICOM attribute has {text} in its keyword or name{_suggested(near)}.")
    if len(found) == 1:
        _show_entry(found[0], as_json=as_json)
    else:
        _show_hits(found, limit, as_json=as_json)


def _suggested(near: list[Entry]) -> str:
    return f"; near it are {', '.join(f'{each.shown} {each.keyword}' for each in near)}" if near else ""


def _show_tag(tag: str, *, as_json: bool) -> None:
    from scripts.dicomtags import attribute, dictionary, render

    entry = dictionary.entry_of(tag)
    if entry is not None:
        _show_entry(entry, as_json=as_json)
    elif dictionary.is_private(tag):
        facts = attribute.private_facts(tag)
        _print(facts, render.private(facts), as_json=as_json)
    else:
        near = dictionary.near_tags(tag)
        raise CommandError(f"{dictionary.shown(tag)} is no tag of the DICOM registry (PS3.6){_suggested(near)}.")


def _show_entry(entry: Entry, *, as_json: bool) -> None:
    from scripts.dicomtags import attribute, render

    facts = attribute.facts(entry)
    _print(facts, render.attribute(facts), as_json=as_json)


def _show_hits(found: list[Entry], limit: int, *, as_json: bool) -> None:
    from scripts.dicomtags import attribute

    shown = found[: limit or None]
    if as_json:
        print_json([attribute.brief(entry) for entry in shown])
    else:
        rows = [
            [each.shown, each.keyword, each.name, " or ".join(each.vrs), each.vm, "retired" if each.retired else ""]
            for each in shown
        ]
        print_table(["tag", "keyword", "name", "VR", "VM", "status"], rows)
    if len(shown) < len(found):
        note(f"These are the best {len(shown):,} of {len(found):,}: --limit 0 shows all.")


def _show_tables(ciod: str, module: str, depth: int | None, *, as_json: bool) -> None:
    from scripts.dicomtags import iods, render

    opened = iods.Depth(depth) if depth is not None or as_json else iods.BRIEF
    if not ciod:
        facts = iods.module_facts(_module(module), opened)
        _print(facts, render.module(facts), as_json=as_json)
        return
    iod = _iod(ciod)
    only = _module(module, iod).key if module else None
    facts = iods.iod_facts(iod, opened, only)
    _print(facts, render.iod(facts), as_json=as_json)


def _iod(text: str) -> Iod:
    """The IOD of this name. Raises CommandError where there is none or more than one."""
    from scripts.dicomtags import standard

    found = standard.find_iods(text)
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{text} can be {_any_of([iod.name for iod in found])}.")
    near = _near(text, [iod.name for iod in standard.iods().values()])
    raise CommandError(f"No IOD and no storage SOP class is called {text}{near}.")


def _module(text: str, iod: Iod | None = None) -> Module:
    """The module of this name, of an IOD where one is given. Raises CommandError where there is none or several."""
    from scripts.dicomtags import standard

    found = standard.find_modules(text)
    if iod is not None:
        used = {use.module for use in iod.uses}
        found = [each for each in found if each.key in used]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{text} can be {_any_of([each.name for each in found])}.")
    where = f"The {iod.name} IOD has no module" if iod else "No module is"
    near = _near(text, [each.name for each in standard.modules().values()])
    raise CommandError(f"{where} called {text}{near}.")


def _any_of(names: list[str]) -> str:
    return f"any of {len(names)}, name one: {', '.join(names)}"


def _near(text: str, names: list[str]) -> str:
    import difflib

    known = {name.casefold(): name for name in names}
    close = [known[each] for each in difflib.get_close_matches(text.casefold(), known, n=3, cutoff=0.5)]
    return f"; near it are {', '.join(close)}" if close else ""


def _explain_file(path: Path, *, values: bool, as_json: bool) -> None:
    from scripts.dicomtags import files, render

    facts = files.explain(path, values=values)
    if as_json:
        print_json(facts)
        return
    _write(render.file_head(facts))
    print_table(render.FILE_COLUMNS, list(render.file_rows(facts["elements"])))
    _write(render.file_tail(facts))


def _print(facts: object, lines: Iterable[str], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        _write(lines)


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)

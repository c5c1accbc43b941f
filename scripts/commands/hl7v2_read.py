"""`hl7v2 list` and `show`: which messages a store holds, and what is in one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.hl7v2_options import Hl7v2StoreOption, hl7v2_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.commands.registering import PlainCommand
from scripts.connection import connect
from scripts.console import note, print_json, print_table, say
from scripts.errors import CommandError, UsageError

if TYPE_CHECKING:
    from typer._click import Context

    from emulator.hl7v2.message import Message

Json = dict[str, Any]
_ID_LIKE_AN_OPTION = re.compile(r"-[\w-]{20,}=")  # longer than an option is


class MessageCommand(PlainCommand):
    """A command of one message, whose id may begin with a hyphen: ids are base64 for URLs, which ends in "="."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the arguments; an id that looks like an option is given as the end of the message's name."""
        return super().parse_args(
            ctx, [f"messages/{each}" if _ID_LIKE_AN_OPTION.fullmatch(each) else each for each in args]
        )


def list_(
    *,
    wanted: Annotated[
        str,
        typer.Option(
            "--filter",
            help='Google\'s language of filters, such as \'message_type = "ORU" AND send_date >= "2026-01-31"\'.',
        ),
    ] = "",
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Begin with what was sent first.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0 means all.")] = 100,
    hl7v2_store_name: Hl7v2StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List messages: id, type, when and from where they were sent; none of a patient's data."""
    from scripts.hl7v2.service import Hl7v2Store

    with connect(stack, outputs) as target:
        store = Hl7v2Store(target, hl7v2_store(target, hl7v2_store_name))
        found = list(store.list(wanted, newest_first=not oldest_first, limit=limit or None))
    if as_json:
        print_json([dict(zip(("id", "type", "sent", "facility"), _row(each), strict=True)) for each in found])
    else:
        print_table(("id", "type", "sent", "facility"), [_row(each) for each in found])
    if limit and len(found) == limit:
        note(f"These are the first {limit:,}; there may be more: --limit 0 shows all.")


def _row(message: Json) -> tuple[str, ...]:
    fields = ("messageType", "sendTime", "sendFacility")
    return (message["name"].rpartition("/")[2], *(str(message.get(field, "")) for field in fields))


def show(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="A message's id or name, or a file.")],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="The message as it was sent, a line a segment.")] = False,
    hl7v2_store_name: Hl7v2StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a message as a tree, with HL7's names of its fields; of a file, all messages.

    It shows a patient's data. Names are those of the version that the message states in MSH-12.
    """
    contents = _of_file(Path(message)) if Path(message).is_file() else []
    if not contents:
        from scripts.hl7v2.service import Hl7v2Store

        with connect(stack, outputs) as target:
            contents = [Hl7v2Store(target, hl7v2_store(target, hl7v2_store_name)).read(message)]
    if raw:
        for content in contents:
            for segment in content.decode(errors="replace").strip("\r\n").split("\r"):
                say(segment)
        return
    parsed = [_parse(content) for content in contents]
    if as_json:
        from dataclasses import asdict

        from scripts.hl7v2.tree import lines

        print_json([[asdict(line) for line in lines(each)] for each in parsed])
        return
    for number, each in enumerate(parsed):
        if number:
            say("")
        _print(each)


def _of_file(path: Path) -> list[bytes]:
    """The messages of a file. Raises UsageError where it holds something else."""
    from scripts.documents import find_documents
    from scripts.hl7v2.documents import SORT, messages_in

    found = list(messages_in(find_documents([str(path)], SORT, _no_bucket)[0]))
    for each in found:
        if each.problem:
            raise UsageError(f"{each.label}: {each.problem}.")
    return [each.raw for each in found]


def _no_bucket() -> Any:
    raise UsageError("show takes a file of this machine, or a message of the store.")


def _parse(content: bytes) -> Message:
    from emulator.hl7v2.errors import MessageError
    from emulator.hl7v2.message import Message

    try:
        return Message.parse(content, allow_null_header=True)
    except MessageError as problem:
        raise CommandError(f"The message can't be read: {problem}. --raw shows it as it is.") from None


def _print(message: Message) -> None:
    from scripts.hl7v2.tree import lines

    for line in lines(message):
        named = f"{line.place}  {line.name}" if line.name else line.place
        say("  " * line.depth + (f"{named}: {line.value}" if line.value else named))

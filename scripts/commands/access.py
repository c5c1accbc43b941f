"""`access`: who may do what on the stack's resources, and through which grant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.commands.registering import register
from scripts.connection import connect
from scripts.console import print_json, print_table, remark, say
from scripts.errors import ExitCode

if TYPE_CHECKING:
    from scripts.access.decisions import Access, Answer
    from scripts.access.resources import Resource

app = typer.Typer(
    help="Ask who may do what, and through which grant.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

PermissionArgument = Annotated[str, typer.Argument(help="A permission, such as storage.objects.get.")]
PrincipalArgument = Annotated[
    str, typer.Argument(help="An address, or a member as policies write it: group:radiology@example.org.")
]
ResourceArgument = Annotated[
    str,
    typer.Argument(help="A short name of `access resources`, gs://BUCKET, bq://PROJECT.DATASET, or a full name."),
]


def list_resources(*, stack: StackOption = None, outputs: OutputsOption = None, as_json: JsonOption = False) -> None:
    """List the resources of the stack that have policies, and their short names."""
    from scripts.access import resources

    found = resources.of_stack(connect(stack, outputs, must_run=False).outputs)
    if as_json:
        print_json([{"short": name, "kind": each.kind, "name": each.name} for name, each in found.items()])
        return
    print_table(("short name", "kind", "name"), [(name, each.kind, each.name) for name, each in found.items()])


def who_can(
    permission: PermissionArgument,
    resource: ResourceArgument,
    *,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the members that may use a permission on a resource, with the binding that lets them."""
    from scripts.access import resources
    from scripts.access.decisions import Access

    with connect(stack, outputs) as target:
        asked, access = resources.find(resource, target.outputs), Access(target)
        answer = access.who_can(permission, asked)
        if as_json:
            _print(answer, access)
            return
        _say(answer, access, asked, f"Nobody may use {permission} on {asked}, as far as can be seen.")


def what_can(
    principal: PrincipalArgument,
    *,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the roles that a principal has on the stack's resources, and on what they inherit from."""
    from scripts.access import principals, resources
    from scripts.access.decisions import Access

    who = principals.principal(principal)
    with connect(stack, outputs) as target:
        access = Access(target)
        answer = access.what_can(who, resources.of_stack(target.outputs).values())
        if as_json:
            roles = sorted({each.binding.role for each in answer.grants})
            _print(answer, access, permissions={role: sorted(access.permissions(role)) for role in roles})
            return
        _say(answer, access, None, f"{who} has no role on any resource of the stack, as far as can be seen.")


def why(
    principal: PrincipalArgument,
    permission: PermissionArgument,
    resource: ResourceArgument,
    *,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a principal may use a permission on a resource, and which binding or condition decides it."""
    from scripts.access import principals, resources, sentences
    from scripts.access.decisions import Access

    who = principals.principal(principal)
    with connect(stack, outputs) as target:
        asked, access = resources.find(resource, target.outputs), Access(target)
        answer = access.why(who, permission, asked)
        if as_json:
            _print(answer, access)
            return
        say(sentences.verdict(answer, who, permission, asked))
        for reason in sentences.reasons(answer, who, permission, asked):
            say(f"  {reason}")


def matrix(*, stack: StackOption = None, outputs: OutputsOption = None, as_json: JsonOption = False) -> None:
    """Show for each account that people act as which of the methods that the commands call it may use, on what.

    What a policy that can't be read may allow is shown as `?` (exit code 3).
    """
    from scripts.access import matrix as matrices
    from scripts.access.decisions import Access

    with connect(stack, outputs) as target:
        access = Access(target)
        rows, unread = list(matrices.rows(access, target.outputs)), matrices.unread(access, target.outputs)
        if as_json:
            print_json([{"method": row.method.id, "resource": row.resource, **row.cells} for row in rows])
        else:
            people = list(matrices.accounts(target.outputs))
            shown = [(row.method.id, row.resource, *map(matrices.mark, row.cells.values())) for row in rows]
            print_table(("method", "resource", *people), shown)
        for sentence in unread:
            remark(f"{sentence}.")
    if unread:
        raise typer.Exit(ExitCode.PARTLY_DONE)


def _print(answer: Answer, access: Access, **more: object) -> None:
    from scripts.access import sentences

    print_json({**sentences.as_json(answer, access), **more})


def _say(answer: Answer, access: Access, asked: Resource | None, none: str) -> None:
    """Say each grant in a sentence, and beside it who is in a group; what can't be looked at is a remark."""
    from scripts.access import sentences

    for grant in answer.grants:
        say(sentences.sentence(grant, asked))
        inside = sentences.members(grant, access)
        if inside is not None:
            say(f"  {grant.member} consists of {', '.join(inside) or 'nobody'}.")
        elif grant.member.startswith("group:"):
            say(f"  Who is in {grant.member} can't be seen.")
    if not answer.grants:
        say(none)
    for sentence in (*answer.unread, *answer.unweighed):
        remark(sentence)


register(app, "who-can", who_can)
register(app, "what-can", what_can)
register(app, "why", why)
register(app, "resources", list_resources)
register(app, "matrix", matrix)

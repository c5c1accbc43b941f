"""`view`: OHIF, the medical image viewer, on the stack's DICOM store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.options import OutputsOption, StackOption, StoreOption
from scripts.connection import TIMEOUT_SECONDS, connect
from scripts.console import note, remark, say, say_lines
from scripts.errors import ApiFailure, CommandError, UsageError

if TYPE_CHECKING:
    from scripts.connection import Connection

_ENDPOINT = "/_emulator/viewer"


def view(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study's UID. Default: the list of studies.")] = "",
    *,
    open_: Annotated[bool, typer.Option("--open", help="Open the link in the default browser.")] = False,
    end: Annotated[bool, typer.Option("--end", help="End the sessions of this viewer in all browsers.")] = False,
    in_store: StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Look at the images of the DICOM store in a browser, with OHIF.

    The emulator serves OHIF's published package, which npm fetches the first time. On Google Cloud this says how to
    point an OHIF of your own to the store.
    """
    if not re.fullmatch(r"[0-9.]{0,64}", study):
        raise UsageError("STUDY must be a Study Instance UID: digits and dots, at most 64.")
    with connect(stack, outputs, store=in_store) as target:
        if not target.emulated:
            _explain(target)
        elif end:
            _end(target)
        else:
            _serve(target, study, open_=open_)


def _serve(target: Connection, study: str, *, open_: bool) -> None:
    """Print the link to the viewer that the emulator serves."""
    from scripts import viewer

    if study:
        _require(target, study)
    if not viewer.is_there():
        note("Fetching OHIF (50 MB, once) ...")
        viewer.fetch()
    wanted = {"store": target.outputs.dicom_store_name, **({"study": study} if study else {})}
    link = target.address + _call(target, "POST", wanted)["path"]
    say(link)
    note(
        "The link works once, within 10 minutes; its browser then reads this store for 12 hours, in your name."
        " `python -m scripts view --end` ends that."
    )
    if open_:
        import webbrowser

        if not webbrowser.open(link):
            remark("No browser could be opened here: follow the link by hand.")


def _require(target: Connection, study: str) -> None:
    """Refuse a study that the store does not hold: the viewer would show an empty page. Raises CommandError."""
    from scripts.dicomweb import DicomWeb

    if not any(DicomWeb(target).search("/studies", [("StudyInstanceUID", study)], 1)):
        raise CommandError(
            f"The store holds no study {study}; `python -m scripts search studies` lists those that it holds."
        )


def _end(target: Connection) -> None:
    ended = _call(target, "DELETE", None)["ended"]
    note(f"Browser sessions ended: {ended}.")


def _call(target: Connection, method: str, body: dict[str, str] | None) -> dict[str, str]:
    """The answer of the emulator's own endpoint. Raises ApiFailure."""
    answer = target.session.request(method, target.address + _ENDPOINT, json=body, timeout=TIMEOUT_SECONDS)
    if answer.status_code != 200:
        try:
            message = str(answer.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            message = ""
        raise ApiFailure(answer.status_code, message)
    content: dict[str, str] = answer.json()
    return content


def _explain(target: Connection) -> None:
    """Say how to point an OHIF to a store of Google Cloud; its configuration goes to standard output."""
    from scripts import viewer_on_google

    remark(viewer_on_google.steps(target.outputs))
    say_lines(viewer_on_google.configuration(target.dicomweb_url))

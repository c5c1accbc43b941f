"""`delete`: take a study, a series or an instance out of the DICOM store."""

from __future__ import annotations

from typing import Annotated

import typer

from scripts.connection import connect
from scripts.console import OutputsOption, StackOption, interactive, remark
from scripts.dicomweb import DicomWeb, ResourcePath
from scripts.errors import ExitCode, UsageError
from scripts.waiting import require_success, wait_for


def delete(
    study: Annotated[str, typer.Argument(help="StudyInstanceUID.")],
    series: Annotated[str | None, typer.Argument(help="SeriesInstanceUID; default: the whole study.")] = None,
    instance: Annotated[str | None, typer.Argument(help="SOPInstanceUID; default: the whole series.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stack: StackOption = None,
    outputs: OutputsOption = None,
) -> None:
    """Delete a study, a series or an instance.

    There is no way back, so it asks first.
    """
    path = ResourcePath(study, series, instance)
    what = "instance" if instance else "series" if series else "study"
    if not yes and not interactive():
        raise UsageError("delete asks before it deletes, and nobody can answer here: use --yes.")
    with connect(stack, outputs) as target:
        store = target.outputs.dicom_store_id
        question = f"Delete this {what} from DICOM store {store} of {target.outputs.project} for good?"
        if not yes and not typer.confirm(question, err=True):
            remark("Nothing was deleted.")
            raise typer.Exit(ExitCode.FAILED)
        operation = DicomWeb(target).delete(path)
        if operation:
            require_success(target, wait_for(target, operation, f"Deleting the {what}"))
    remark(f"The {what} is deleted.")

"""`fhir images`: the studies of the DICOM store, and their labels, as FHIR resources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.fhir_load import show
from scripts.commands.fhir_options import FhirStoreOption, fhir_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, progress
from scripts.errors import CommandError, ExitCode, explain

_VERSION = "R4"


def images(
    *,
    to: Annotated[Path | None, typer.Option(help="A folder to write the bundles to, instead of loading them.")] = None,
    fhir_store_name: FhirStoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Describe the studies of the DICOM store in a FHIR store.

    For each patient a transaction of Patient, ImagingStudy with an Endpoint that leads to the images, and, for studies
    that the label table knows, an Observation for each finding and a DiagnosticReport. Ids follow from the UIDs, so
    that running it again brings what is new, and changes nothing else. Patients' names stay in the DICOM store.
    """
    from scripts.chestxrays.fhir.publishing import publish, studies_of, write
    from scripts.fhir.loading import require_own_ids
    from scripts.fhir.service import FhirStore

    with connect(stack, outputs) as target:
        chosen = fhir_store(target, fhir_store_name)
        if chosen.version != _VERSION:
            raise CommandError(f"Images are described in FHIR {_VERSION}, and this store holds {chosen.version}.")
        studies = studies_of(target)
        if to is not None:
            note(f"{count(len(list(write(studies, to))), 'bundle')} written to {to}")
            return
        require_own_ids(target, chosen)
        with progress("Describing", len(studies.patients)) as bar:
            report = publish(FhirStore(target, chosen), studies, bar)
        if as_json:
            print_json({**report.to_json(), "patients": len(studies.patients), "labelled": studies.labelled})
        show(report)
        note(f"{count(len(studies.patients), 'patient')}; {count(studies.labelled, 'study', 'studies')} with labels")
        if report.stopped:
            explained = explain(report.stopped, target.surroundings)
            raise CommandError(str(explained), ExitCode.PARTLY_DONE if report.there else explained.exit_code)
    raise typer.Exit(report.exit_code)

"""The last page of a demonstration: what exists, what went in and out, where to look, how to tear down."""

import json
import shlex
from typing import Any

from engine.stacks import GRPC_PORT, PORT
from infra.outputs import Outputs
from scripts.demonstration.places import Places


def summary(places: Places, facts: dict[str, Any], console: str) -> str:
    """The text of the page.

    Args:
        places: where this demonstration keeps things.
        facts: what its steps have counted.
        console: a fresh link to the emulator's console.
    """
    found = Outputs.from_json(places.outputs.read_text(), str(places.outputs))
    state = "" if places.folder is None else f" --state {shlex.quote(str(places.state))}"
    stack = f"--outputs {shlex.quote(str(places.outputs))}" if places.folder else "--stack local"
    modalities = ", ".join(f"{number} {name}" for name, number in facts["modalities"].items())
    lines = [
        "",
        f"What exists on the emulator, project {found.project}:",
        f"  landing bucket   gs://{found.landing_bucket}   {facts['loaded']} files",
        f"  DICOM store      {found.dicom_store_name}   {facts['studies']} studies",
        *(f"  FHIR store       {store.name}   {facts['resources']} resources" for store in found.fhir_stores.values()),
        f"  export bucket    gs://{found.export_bucket}   {facts['exported']} instances",
        f"  BigQuery dataset {found.bigquery_dataset}   {facts['rows']} rows",
        f"  notifications    {found.dicom_subscription}",
        "",
        f"In: {facts['loaded']} files loaded, {facts['imported']} instances imported, {facts['refused']} refused.",
        f"Out: {facts['exported']} exported to the bucket, {facts['rows']} rows to the table ({modalities}),",
        *(f"     {file}" for file in facts["retrieved"]),
        f"     {places.results / 'cohort'}: {facts['cohort']['images']} films of women, found by a search in FHIR",
        f"     {places.results / 'deidentified'}: {facts['deidentified']['films']} of these without the patients",
        f"     (none of {facts['deidentified']['values']} values is left)",
        "",
        "Where to look:",
        f"  {console}",
        f"    in a browser, once and within 10 minutes; another link: python -m emulator console{state}",
        f'  eval "$(scripts/setup --env local)"; eval "$(python -m emulator env{state})"',
        f"  python -m scripts search studies {stack}",
        f"  curl -H \"Authorization: Bearer $GOOGLE_OAUTH_ACCESS_TOKEN\" '{found.dicomweb_url}/studies?limit=1'",
        "",
        f"To tear down: scripts/demo --only-destroy{_same_places(places)}",
    ]
    return "\n".join(lines)


def _same_places(places: Places) -> str:
    """The options that bring another run to the same places."""
    words = []
    if (places.port, places.grpc_port) != (PORT, GRPC_PORT):
        words += ["--port", str(places.port), "--grpc-port", str(places.grpc_port)]
    if places.folder:
        words += ["--folder", str(places.folder)]
    return "".join(f" {shlex.quote(word)}" for word in words)


def as_json(facts: dict[str, Any]) -> str:
    """The counts, for programs."""
    return json.dumps(facts, indent=2)

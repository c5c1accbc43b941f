"""The options of `python -m emulator seed hospital`."""

from __future__ import annotations

import argparse

from emulator.hospital.filling.places import VERSIONS, Wish

HOSPITAL = "hospital"
"""The word that stands where `seed` otherwise takes a folder."""
_PLACES = (
    ("--location", "location", "location of what is made"),
    ("--dataset", "dataset", "healthcare dataset"),
    ("--dicom-store", "dicom_store", "DICOM store"),
    ("--fhir-store", "fhir_store", "FHIR store"),
    ("--hl7v2-store", "hl7v2_store", "HL7v2 store"),
    ("--consent-store", "consent_store", "consent store"),
    ("--bigquery", "bigquery", "BigQuery dataset of the tables"),
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options, which count for the hospital only."""
    group = command.add_argument_group("hospital", "what is named here and missing is made; what is there is used")
    group.add_argument("--patients", type=int, default=10, metavar="N", help="how many (default %(default)s)")
    group.add_argument(
        "--seed", type=int, default=1, metavar="NUMBER", help="what all follows from, 1 to 9999 (default %(default)s)"
    )
    wish = Wish()
    for flag, field, what in _PLACES:
        group.add_argument(flag, default=getattr(wish, field), metavar="ID", help=f"{what} (default %(default)s)")
    group.add_argument("--bucket", default="", metavar="NAME", help="for exports (default PROJECT-hospital)")
    group.add_argument(
        "--fhir-version", choices=VERSIONS, default=wish.fhir_version, help="of a FHIR store that is made"
    )
    group.add_argument("--no-tables", action="store_true", help="leave BigQuery's tables for another run")


def wish_of(options: argparse.Namespace) -> Wish:
    """Where the hospital is to go."""
    places = {field: getattr(options, field) for _, field, _ in _PLACES}
    return Wish(**places, bucket=options.bucket, fhir_version=options.fhir_version, tables=not options.no_tables)

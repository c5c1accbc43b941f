"""python -m benchmarks [NAME ...]: run some or all of them and print a table."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    at_rest,
    commands,
    consent,
    console,
    conversion,
    fhir_validation,
    hl7v2,
    importing,
    load,
    storage,
    testing,
)
from benchmarks.data import arrivals, messages, queries, rows
from benchmarks.deidentify import headers, pixels, text
from benchmarks.dicomweb import growth, side_by_side
from benchmarks.fhir.growth import SIZES, growing
from benchmarks.fhir.side_by_side import fhir
from benchmarks.fhir_search import searches
from benchmarks.figures import Figure, table
from benchmarks.running import free_port
from engine.layout import Layout
from scripts.demonstration.places import Places

QUICK: dict[str, Callable[[Places], list[Figure]]] = {
    "setup": commands.setup_again,
    "help": commands.scripts_help,
    "start": commands.emulator_start,
    "storage": storage.storage,
    "importing": importing.importing,
    "load": load.load,
    "dicomweb": side_by_side.dicomweb,
    "fhir": fhir,
    "fhir-validation": fhir_validation.fhir_validation,
    "fhir-search": searches.fhir_search,
    "hl7v2": hl7v2.hl7v2,
    "consent": consent.consent,
    "at-rest": at_rest.at_rest,
    "deidentify-text": text.deidentify_text,
    "deidentify-headers": headers.deidentify_headers,
    "deidentify-pixels": pixels.deidentify_pixels,
    "data-queries": queries.queries,
    "data-rows": rows.rows,
    "data-messages": messages.messages,
    "data-arrivals": arrivals.arrivals,
    "testing": testing.testing,
    "console": console.console,
    "demo": commands.demo,
}
MORE: dict[str, Callable[[Places], list[Figure]]] = {
    "conversion": conversion.conversion,
    "setup-from-nothing": commands.setup_from_nothing,
    "load-full": load.load_full,
    "dicomweb-full": side_by_side.dicomweb_full,
    "testing-large": testing.testing_large,
    "dicomweb-growth": growth.dicomweb_growth,
    "fhir-growth": growing(),
    "fhir-search-growth": searches.fhir_search_growth,
}


def main(arguments: list[str]) -> int:
    """Run the benchmarks that were asked for; the exit code is 0 unless one can't run."""
    everything = {**QUICK, **MORE}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[[], *everything], help=f"default: {', '.join(QUICK)}")
    sizes = ",".join(map(str, SIZES))
    parser.add_argument("--fhir-sizes", default=sizes, help=f"resources of fhir-growth's stores; default: {sizes}")
    options = parser.parse_args(arguments)
    names = options.name or list(QUICK)
    everything["fhir-growth"] = growing([int(size) for size in options.fhir_sizes.split(",")])
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Layout(), free_port(), free_port(), Path(folder))
        places.prepare()
        for name in names:
            print(name, file=sys.stderr)
            figures += everything[name](places)
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}\n")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The steps of a demonstration, in order."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.console import Step, step
from scripts.demonstration.children import StepFailed, run_child
from scripts.demonstration.places import STACK, Places
from scripts.demonstration.provision import Stack

PARTLY_DONE = 3
STUDY, SERIES, INSTANCE, ROWS = "0020000D", "0020000E", "00080018", "00280010"
COHORT = "Patient?gender=female"
QUERY = "SELECT Modality, COUNT(*) AS instances FROM dicom_metadata GROUP BY Modality ORDER BY Modality"


class Demonstration:
    """One run. `facts` gathers what the summary tells."""

    def __init__(self, places: Places) -> None:
        """Take the places; nothing happens yet."""
        self.places = places
        self.facts: dict[str, Any] = {}
        self.number = 0
        self.current = ""

    def run(self) -> None:
        """From set-up, which is done, to the query of the exported table.

        Raises:
            StepFailed: a step could not be done; what is done stays.
        """
        self.places.prepare()
        with self._step("Start the emulator") as current:
            self.start_emulator(current)
        with self._step("Provision with Pulumi") as current:
            Stack(self.places, self.credentials()).up(current)
        self._load_and_import()
        self._search_and_retrieve()
        self._describe_in_fhir()
        self._deidentify()
        self._export_and_query()

    def start_emulator(self, current: Step) -> None:
        """Start the emulator, unless it runs already on these ports.

        Raises:
            StepFailed: it can't be started, or runs on other ports than the stack's.
        """
        from emulator.serving.server import read_run_file

        running = read_run_file(self.places.state)
        if running is None:
            ports = ["--port", str(self.places.port), "--grpc-port", str(self.places.grpc_port)]
            command = [sys.executable, "-m", "emulator", "start", "--detach", "--state", str(self.places.state), *ports]
            code, _ = run_child(command, self.places.pulumi_environment(), self.places.layout.root)
            if code:
                raise StepFailed("Stop what is in the way, or choose other ports with --port and --grpc-port.")
            running = read_run_file(self.places.state)
        if running is None or (running["port"], running["grpcPort"]) != (self.places.port, self.places.grpc_port):
            raise StepFailed(
                f"The emulator on {self.places.state} has other ports than stack {STACK}; stop it with "
                f"`python -m emulator stop --state {self.places.state}`, then run scripts/demo again."
            )
        self.facts["url"], self.facts["project"] = running["url"], running["project"]
        current.result(f"{running['url']}, project {running['project']}")

    def credentials(self) -> dict[str, str]:
        """The variables that lead Google's clients and the gcp plugin to the running emulator."""
        from emulator.commands import variables

        return variables(self.places.state)

    def destroy(self) -> None:
        """Delete all that the stack holds, stop the emulator, and remove what both have kept.

        Raises:
            StepFailed: something could not be deleted; the emulator goes on running then.
        """
        from scripts.demonstration.leftovers import leftovers

        self.places.prepare()
        if "url" not in self.facts:
            with self._step("Start the emulator") as current:
                self.start_emulator(current)
        stack = Stack(self.places, self.credentials())
        with self._step("Destroy with Pulumi") as current:
            if stack.exists():
                stack.destroy(current)
            else:
                current.result("there is no stack")
        with self._step("Stop the emulator") as current:
            left = leftovers(self.facts["url"], self.facts["project"], self.credentials()["GOOGLE_OAUTH_ACCESS_TOKEN"])
            self._must([sys.executable, "-m", "emulator", "stop", "--state", str(self.places.state)])
            shutil.rmtree(self.places.results, ignore_errors=True)
            if left:
                what = ", ".join(left)
                current.result(f"kept {self.places.state}, because it holds what the stack did not make: {what}")
            else:
                self.places.forget()
                current.result("nothing is left in it")

    def _load_and_import(self) -> None:
        with self._step("Load real radiographs into the landing bucket", "load --sample"):
            loaded = self._command("load", "--sample")
            self.facts["loaded"] = loaded["loaded"] + loaded["skipped"]
        with self._step("Import them into the DICOM store", "import"):
            imported = self._command("import")
            self.facts["imported"], self.facts["refused"] = imported["success"], imported["failure"]

    def _search_and_retrieve(self) -> None:
        with self._step("Search the DICOM store", "search instances --limit 0") as current:
            found = self._command("search", "instances", "--limit", "0")
            self.facts["studies"] = len({value(each, STUDY) for each in found})
            current.result(f"{len(found)} instances in {self.facts['studies']} studies")
        if not found:
            raise StepFailed("The DICOM store is empty; run scripts/demo --only-destroy, then scripts/demo again.")
        largest = max(found, key=lambda each: (int(value(each, ROWS) or 0), value(each, INSTANCE)))
        names = [value(largest, tag) for tag in (STUDY, SERIES, INSTANCE)]
        folder = self.places.results / "retrieved"
        shutil.rmtree(folder, ignore_errors=True)
        with self._step("Retrieve the largest film", f"retrieve {' '.join(names)}"):
            self._command("retrieve", *names, "--to", str(folder))
        with self._step("Retrieve it as a picture", "retrieve ... --rendered png"):
            self._command("retrieve", *names, "--to", str(folder), "--rendered", "png")
        self.facts["retrieved"] = sorted(str(file) for file in folder.rglob("*") if file.is_file())

    def _describe_in_fhir(self) -> None:
        with self._step("Describe the studies in the FHIR store", "fhir images"):
            described = self._command("fhir", "images")
            self.facts["resources"] = described["stored"] + described["already"]
        with self._step("Find the films of women by a search in FHIR", f"cohort '{COHORT}' --images ..."):
            folder = self.places.results / "cohort"
            shutil.rmtree(folder, ignore_errors=True)
            found = self._command("cohort", COHORT, "--images", str(folder))
            self.facts["cohort"] = {"studies": len(found["studies"]), "images": found["images"]["retrieved"]}

    def _deidentify(self) -> None:
        """The films of the cohort without the patients, and what can still be found in them."""
        films, clean = (self.places.results / name for name in ("cohort", "deidentified"))
        shutil.rmtree(clean, ignore_errors=True)
        with self._step("De-identify these films", "deidentify files ... --recipe ps315-headers"):
            made = self._local("deidentify", "files", str(films), "--to", str(clean), "--recipe", "ps315-headers")
        with self._step("Look for the patients in them", "leaks ... --no-pictures"):
            found = self._local("leaks", str(films), str(clean), "--no-pictures")
        if found["leaks"]:
            raise StepFailed("The films still tell of the patients: see above.")
        self.facts["deidentified"] = {"films": made["deidentified"], "values": found["source"]["values"]}

    def _export_and_query(self) -> None:
        with self._step("Export to Cloud Storage", "export --to bucket"):
            self.facts["exported"] = self._command("export", "--to", "bucket")["success"]
        with self._step("Export to BigQuery", "export --to table --write-disposition truncate"):
            exported = self._command("export", "--to", "table", "--write-disposition", "truncate")
            self.facts["rows"] = exported["success"]
        with self._step("Query the table", f"query '{QUERY}'") as current:
            rows = self._command("query", QUERY)
            self.facts["modalities"] = {str(row["Modality"]): int(row["instances"]) for row in rows}
            current.result(", ".join(f"{number} {name}" for name, number in self.facts["modalities"].items()))

    @contextmanager
    def _step(self, name: str, command: str = "") -> Iterator[Step]:
        """A step: where it runs one of our commands, that is shown, and what the command tells comes below it."""
        self.current = name
        self.number += 1
        title = f"{self.number:2} {name}"
        if command:
            print(f"  {title}: python -m scripts {command}", file=sys.stderr, flush=True)
        with step("   " if command else title) as current:
            yield current

    def _command(self, *arguments: str) -> Any:
        """What one of our own commands answers about the stack."""
        return self._local(*arguments, "--outputs", str(self.places.outputs))

    def _local(self, *arguments: str) -> Any:
        """What one of our own commands answers that needs no stack."""
        return json.loads(self._must([sys.executable, "-m", "scripts", *arguments, "--json"]))

    def _must(self, command: list[str]) -> str:
        """Run a program that says itself what is wrong."""
        environment = {**self.places.pulumi_environment(), **self.credentials()}
        code, said = run_child(command, environment, self.places.layout.root)
        if code not in (0, PARTLY_DONE):
            raise StepFailed("")
        return said


def value(found: dict[str, Any], tag: str) -> str:
    """The first value of an attribute of a search result (DICOM JSON, PS3.18 F.2), empty if it has none."""
    values = found.get(tag, {}).get("Value") or [""]
    return str(values[0])

"""`fhir check`: files in, what would be refused out; nothing is sent anywhere."""

from __future__ import annotations

import gzip
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from scripts.documents import Document
from scripts.fhir.checking.resources import Rules
from scripts.fhir.checking.run import Check
from scripts.fhir.documents import find_documents, resources_in
from tests.scripts.conftest import Run
from tests.support.fhir_data import DATA

GOOD = {"resourceType": "Patient", "id": "p1"}
BAD = {"resourceType": "Patient", "id": "p2", "foo": "Doe"}


def lines(*resources: Any) -> str:
    return "".join(json.dumps(each) + "\n" for each in resources)


def bundle(kind: str, *resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"urn:uuid:{each['id']}",
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of all kinds, two of their resources bad."""
    (tmp_path / "one.json").write_text(json.dumps(GOOD, indent=2))
    (tmp_path / "many.ndjson").write_text(lines(GOOD | {"id": "p3"}, BAD))
    (tmp_path / "notes.txt").write_text("no FHIR")
    with gzip.open(tmp_path / "packed.json.gz", "wt") as file:
        file.write(json.dumps(bundle("transaction", GOOD, BAD | {"id": "p4"})))
    return tmp_path


def test_what_would_be_refused_is_named_by_file_line_and_entry(run: Run, folder: Path) -> None:
    shown = run("fhir", "check", folder)
    assert shown.code == 3
    assert shown.out.splitlines() == [
        'many.ndjson, line 2: Patient: unknown field "foo"; strip it',
        'packed.json.gz, entry 2: Patient: unknown field "foo"; strip it',
    ]
    assert "5 resources: 3 would be taken, 2 refused (2 of these would be taken after the changes)" in shown.err
    assert "Doe" not in shown.out + shown.err


def test_the_report_for_programs(run: Run, folder: Path) -> None:
    shown = run("fhir", "check", folder / "many.ndjson", "--json", "--values")
    assert json.loads(shown.out) == {
        "resources": 2,
        "refused": 1,
        "mended": 1,
        "withoutId": 0,
        "references": {},
        "findings": [
            {
                "file": "many.ndjson, line 2",
                "where": "Patient",
                "what": 'unknown field "foo"',
                "remedy": "strip it",
                "mended": True,
                "values": "'Doe' goes",
            }
        ],
    }


@pytest.mark.parametrize(("resources", "code"), [((GOOD,), 0), ((GOOD, BAD), 3), ((BAD,), 1)])
def test_the_exit_code_says_how_much_would_be_refused(
    run: Run, tmp_path: Path, resources: tuple[dict[str, Any], ...], code: int
) -> None:
    (tmp_path / "some.ndjson").write_text(lines(*resources))
    assert run("fhir", "check", tmp_path / "some.ndjson").code == code


def test_mended_files_pass(run: Run, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    mended = tmp_path_factory.mktemp("mended")
    run("fhir", "check", folder, "--write", mended)
    assert sorted(each.name for each in mended.iterdir()) == ["many.ndjson", "one.json", "packed.json.gz"]
    shown = run("fhir", "check", mended)
    assert (shown.code, shown.out) == (0, "")


def test_a_file_that_is_no_json_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"resourceType": "Patient", "name": [{"family": "Do')
    shown = run("fhir", "check", tmp_path / "cut.json")
    assert shown.code == 1
    assert shown.out.startswith("cut.json: invalid JSON: line 1, column ")
    assert "Do" not in shown.out


def test_references_out_of_the_files_are_counted(run: Run, tmp_path: Path) -> None:
    observation = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    (tmp_path / "o.json").write_text(json.dumps(observation | {"subject": {"reference": "Patient/elsewhere"}}))
    shown = run("fhir", "check", tmp_path / "o.json")
    assert shown.code == 0
    assert "1 reference to Patient resources that are in none of the files" in shown.err
    assert "elsewhere" not in shown.err


def report(tmp_path: Path, content: dict[str, Any], version: str = "R4") -> list[str]:
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(content))
    check = Check(Rules(version))
    list(check.run(find_documents([str(file)], lambda: pytest.fail("no bucket was named"))))
    return [f"{each.where}: {each.what}; {each.remedy}" for _, each in check.report.verdicts]


def test_a_batch_whose_entries_come_too_early_is_to_be_reordered(tmp_path: Path) -> None:
    observation = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    observation["subject"] = {"reference": "Patient/p1"}
    (problem,) = report(tmp_path, bundle("batch", observation, GOOD))
    assert "reference to entry[1], which comes later in the batch; reorder the entries" in problem
    assert report(tmp_path, bundle("batch", GOOD, observation)) == []
    assert report(tmp_path, bundle("transaction", observation, GOOD)) == []


@pytest.mark.parametrize("reference", ["Patient/a_b", f"Patient/{'x' * 65}"])
def test_a_reference_by_an_id_that_is_none_is_refused_in_r5(tmp_path: Path, reference: str) -> None:
    content = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    content["subject"] = {"reference": reference}
    assert report(tmp_path, content) == []
    (problem,) = report(tmp_path, content, "R5")
    assert "reference to a resource by an ID that is none" in problem


def test_what_is_empty_is_stripped_for_r5(tmp_path: Path) -> None:
    told = report(tmp_path, {"resourceType": "Patient", "id": "p", "contact": [{}], "name": []}, "R5")
    strip = "strip it, or have the store do without (disableRequiredFieldValidation)"
    assert f"Patient.contact[0]: empty object; {strip}" in told
    assert f"Patient.name: empty array; {strip}" in told


def test_two_changes_of_one_resource_in_a_bundle(tmp_path: Path) -> None:
    problems = report(tmp_path, bundle("transaction", GOOD, GOOD))
    assert "Bundle.entry[1].request.url: the same resource as entry[0]; leave one of them out" in problems


def test_entries_without_a_request_and_history(tmp_path: Path) -> None:
    without = bundle("transaction", GOOD)
    del without["entry"][0]["request"]
    assert any("needs a request with method and url" in each for each in report(tmp_path, without))
    assert any("history can't be imported" in each for each in report(tmp_path, bundle("history", GOOD)))


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_all_of_synthea_would_be_taken(version: str) -> None:
    files = sorted(str(path) for path in DATA.glob(f"synthea.{version.lower()}.*"))
    check = Check(Rules(version))
    list(check.run(find_documents(files, lambda: pytest.fail("no bucket was named"))))
    assert check.report.verdicts == []
    assert check.report.resources > 600
    assert check.report.absent == {}


@pytest.fixture
def large(tmp_path: Path) -> list[Document]:
    """Three files of two pieces and more, with a bad resource every now and then; the last is cut off."""
    for name in ("a", "b", "c"):
        found = [{**(BAD if number % 900 == 5 else GOOD), "id": f"{name}{number}"} for number in range(25_000)]
        (tmp_path / f"{name}.ndjson.gz").write_bytes(gzip.compress(lines(*found).encode(), 1))
    cut = tmp_path / "c.ndjson.gz"
    cut.write_bytes(cut.read_bytes()[:-5000])
    return find_documents([str(tmp_path)], lambda: pytest.fail("no bucket was named"))


def test_processes_change_nothing_in_report_and_files(large: list[Document], tmp_path: Path) -> None:
    alone, together = Check(Rules(), tmp_path / "alone", here=1 << 40), Check(Rules(), tmp_path / "together", here=0)
    assert list(alone.run(large)) == list(together.run(large)) == large
    assert alone.report == together.report
    assert len(alone.report.verdicts) > 60
    assert alone.report.verdicts[-1][1].what.endswith("the file cannot be read to its end")
    for document in large:
        name = document.label.lstrip("/")
        both = [gzip.decompress((tmp_path / way / name).read_bytes()) for way in ("alone", "together")]
        assert both[0] == both[1] != b""


def test_a_check_that_is_given_up_leaves_no_process_and_no_file(large: list[Document], tmp_path: Path) -> None:
    run = Check(Rules(), tmp_path / "mended", here=0).run(large)
    next(run)
    run.close()
    assert [each for each in multiprocessing.active_children() if each.is_alive()] == []
    assert [path.name for path in (tmp_path / "mended").rglob("*.part")] == []


def test_ndjson_under_another_name_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_bytes(b"\xef\xbb\xbf" + lines(GOOD, GOOD | {"id": "p2"}).encode())
    (document,) = find_documents([str(tmp_path)], lambda: pytest.fail("no bucket was named"))
    assert [each.place for each in resources_in(document)] == ["line 1", "line 2"]


def test_files_of_a_bucket(run: Run, landing: Any, live: Any) -> None:
    landing.blob("checked/a.ndjson").upload_from_string(lines(GOOD, BAD))
    shown = run("fhir", "check", f"gs://{landing.name}/checked/*", "--outputs", live.path)
    assert shown.code == 3
    assert shown.out.startswith(f"gs://{landing.name}/checked/a.ndjson, line 2: Patient: unknown field")
    shown = run("fhir", "check", f"gs://{landing.name}/nothing/*", "--outputs", live.path)
    assert shown.code == 2
    assert "matches no object that ends in .json" in shown.err


def test_definitions_of_the_same_url_and_version_are_named(run: Run, tmp_path: Path) -> None:
    one = {"resourceType": "Questionnaire", "id": "q1", "status": "active", "url": "http://example.org/q"}
    others = [
        one | {"id": "q2"},
        one | {"id": "q3", "version": "2"},
        one,
        one | {"resourceType": "ValueSet", "id": "v"},
    ]
    (tmp_path / "many.ndjson").write_text(lines(one, *others))
    shown = run("fhir", "check", tmp_path)
    assert shown.out.splitlines() == [
        "many.ndjson, line 2: Questionnaire.url: another resource has this url and version; change one of them"
    ]

"""`hl7v2 send`, `list`, `show`, `export` and `import` on a store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.hl7v2 import service
from tests.scripts.conftest import Run
from tests.scripts.hl7v2.conftest import MakeStore, Place
from tests.scripts.hl7v2.messages import order, result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three messages in two files, one file that is none, and one that the commands do not look at."""
    made = tmp_path / "messages"
    made.mkdir()
    (made / "orders.hl7").write_text(order(1) + order(2))
    (made / "result.txt").write_text(result(1))
    (made / "notes.txt").write_text("Nothing of HL7.\n")
    (made / "picture.png").write_bytes(b"\x89PNG")
    return made


def ids(run: Run, store: Place, *options: object) -> list[str]:
    shown = run("hl7v2", "list", *options, "--json", "--outputs", store.path)
    assert shown.code == 0, shown.err
    return [each["id"] for each in json.loads(shown.out)]


def test_messages_of_a_folder_are_acknowledged_and_the_rest_is_named(run: Run, store: Place, folder: Path) -> None:
    sent = run("hl7v2", "send", folder, "--outputs", store.path)
    assert sent.code == 3, sent.err
    assert "notes.txt: no line begins with MSH" in sent.err
    assert "3 messages acknowledged; 1 refused" in sent.err
    assert "picture.png" not in sent.err
    assert len(ids(run, store)) == 3


def test_sending_again_keeps_one_of_each(run: Run, store: Place, folder: Path) -> None:
    for _ in range(2):
        assert run("hl7v2", "send", folder / "orders.hl7", "--outputs", store.path).code == 0
    assert len(ids(run, store)) == 2


def test_a_nack_is_a_sentence_without_the_patient(run: Run, make_store: MakeStore, folder: Path) -> None:
    store = make_store(rejectDuplicateMessage=True)
    assert run("hl7v2", "send", folder / "result.txt", "--outputs", store.path).code == 0
    again = run("hl7v2", "send", folder / "result.txt", "--json", "--outputs", store.path)
    assert again.code == 1
    (refused,) = json.loads(again.out)["refused"]
    assert refused["message"].endswith("result.txt")
    assert "NACK" in refused["reason"]
    assert "DOE" not in again.out + again.err


def test_a_list_goes_through_all_pages_and_takes_google_s_filters(
    run: Run, store: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("hl7v2", "send", folder, "--outputs", store.path)
    monkeypatch.setattr(service, "PAGE", 2)
    assert len(ids(run, store, "--limit", "0")) == 3
    assert ids(run, store, "--oldest-first") == ids(run, store)[::-1]
    assert len(ids(run, store, "--filter", 'message_type = "ORU"')) == 1
    first = run("hl7v2", "list", "--limit", "1", "--outputs", store.path)
    assert "there may be more: --limit 0 shows all" in first.err
    assert "DOE" not in first.out


def test_a_message_is_shown_as_a_tree_and_as_it_was(run: Run, store: Place, folder: Path) -> None:
    run("hl7v2", "send", folder / "result.txt", "--outputs", store.path)
    (message,) = ids(run, store)
    shown = run("hl7v2", "show", message, "--outputs", store.path)
    assert "  PID-5  Patient name\n    PID-5.1  Family name: DOE\n" in shown.out
    assert run("hl7v2", "show", message, "--raw", "--outputs", store.path).out == result(1)
    assert run("hl7v2", "show", folder / "result.txt", "--raw").out == result(1)
    tree = json.loads(run("hl7v2", "show", message, "--json", "--outputs", store.path).out)
    assert {"depth": 2, "place": "PID-5.1", "name": "Family name", "value": "DOE"} in tree[0]


@pytest.mark.parametrize("message", ["bm90aGluZw==", "-p8aGluZw" + 34 * "A" + "=", "--quiet" + 36 * "A" + "="])
def test_a_message_that_is_not_there_is_one_sentence(run: Run, store: Place, message: str) -> None:
    """One id of 64 begins with a hyphen, as an option does."""
    shown = run("hl7v2", "show", message, "--outputs", store.path)
    assert shown.code == 1
    assert len(shown.err.strip().splitlines()) == 1
    assert f"{store.name}/messages/{message}" in shown.err


def test_a_message_is_found_by_the_end_of_its_name(run: Run, store: Place, folder: Path) -> None:
    run("hl7v2", "send", folder / "result.txt", "--outputs", store.path)
    (message,) = ids(run, store)
    for name in (f"messages/{message}", f"{store.name}/messages/{message}"):
        assert run("hl7v2", "show", name, "--raw", "--outputs", store.path).out == result(1)


def test_what_is_exported_can_be_imported_elsewhere(run: Run, make_store: MakeStore, folder: Path) -> None:
    one, other = make_store(), make_store()
    run("hl7v2", "send", folder, "--outputs", one.path)
    to = f"gs://{one.live.outputs.export_bucket}/{one.name.rpartition('/')[2]}/"
    exported = run("hl7v2", "export", "--to", to, "--outputs", one.path)
    assert exported.code == 0, exported.err
    assert "3 messages exported" in exported.err
    imported = run("hl7v2", "import", f"{to}**", "--outputs", other.path)
    assert imported.code == 0, imported.err
    assert len(ids(run, other)) == 3
    part = run("hl7v2", "export", "--to", f"{to}part/", "--filter", 'message_type = "ORU"', "--outputs", one.path)
    assert "1 message exported" in part.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("export", "--to", "nowhere"), "--to nowhere is no destination"),
        (("import", "here"), "here is not a place in Cloud Storage"),
        (("send", "--mllp", "here", "."), "--mllp here is no HOST:PORT"),
        (("send", "--mllp-tls-ca", "ca.pem", "."), "--mllp-tls-ca is for --mllp"),
        (("list", "--hl7v2-store", "other"), "has no HL7v2 store other: choose one with --hl7v2-store"),
    ],
)
def test_wrong_use_is_one_sentence(
    run: Run, store: Place, folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    shown = run("hl7v2", *(str(folder) if each == "." else each for each in arguments), "--outputs", store.path)
    assert shown.code == 2
    assert sentence in shown.err


def test_a_stack_without_a_store_says_what_makes_one(run: Run, store: Place) -> None:
    shown = run("hl7v2", "list", "--outputs", store.live.path)
    assert shown.code == 1
    assert "has no HL7v2 store: set one with `pulumi config set" in shown.err

"""`nightly parameters`: what a scheduler keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.outputs import OutputsError
from scripts.errors import CommandError
from scripts.nightly.parameters import Destination, Parameters
from tests.scripts.conftest import Run
from tests.scripts.outputs import outputs_for


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    path = tmp_path / "outputs.json"
    path.write_text(outputs_for("http://127.0.0.1:1").to_json())
    return path


def test_they_are_the_outputs_and_what_was_wished(run: Run, outputs: Path, tmp_path: Path) -> None:
    wishes = ("--source", "gs://inbox/films", "--labels", "list.csv", "--key", "/keys/key", "--to", "table")
    shown = run("nightly", "parameters", *wishes, "--outputs", outputs)
    assert shown.code == 0, shown.err
    file = tmp_path / "parameters.json"
    file.write_text(shown.out)
    made = Parameters.from_file(file)
    assert (made.source, made.labels, made.key, made.exports) == (
        "gs://inbox/films",
        "list.csv",
        "/keys/key",
        (Destination.TABLE,),
    )
    assert made.outputs.to_mapping() == json.loads(outputs.read_text())
    assert Parameters.from_json(made.to_json(), "it") == made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--recipe", "ps315-basic"), "--recipe needs --key"),
        (("--recipe", "none", "--key", "k"), "There is no recipe none"),
        (("--labels", "list.csv"), "--labels names a list in --source"),
    ],
)
def test_wishes_that_do_not_go_together_are_refused(
    run: Run, outputs: Path, options: tuple[str, ...], said: str
) -> None:
    shown = run("nightly", "parameters", *options, "--outputs", outputs)
    assert (shown.code, said in shown.err) == (2, True)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outputs": {}, "exports": ["nowhere"]}'])
def test_what_holds_no_parameters_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises((CommandError, OutputsError)):
        Parameters.from_json(text, "The variable healthcare_nightly")


def test_a_wish_that_is_not_known_is_refused(outputs: Path) -> None:
    text = json.dumps({"outputs": json.loads(outputs.read_text()), "colour": "red"})
    with pytest.raises(CommandError, match="holds no parameters"):
        Parameters.from_json(text, "The file")

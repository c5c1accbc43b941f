"""Set-up makes the stacks of emulators: of the first with its committed settings, of others with their ports."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from engine import setup
from engine.layout import Layout, SetupError
from engine.stacks import Ports, make_stack, with_ports

# Stands in for the engine: notes how it was called, and keeps a stack as the file backend does.
PULUMI = """\
#!/bin/sh
echo "$* $PULUMI_BACKEND_URL" >> "{folder}/calls"
kept="{folder}/.pulumi-home/backend/.pulumi/stacks/healthcare-cloud-poc"
mkdir -p "$kept" && echo "{{}}" > "$kept/$3.json"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Layout:
    """A clone whose engine is a script."""
    layout = Layout(tmp_path)
    shutil.copy(Layout().root / "Pulumi.local.yaml", tmp_path)
    engine = tmp_path / ".tools" / "bin"
    engine.mkdir(parents=True)
    (engine / "pulumi").write_text(PULUMI.format(folder=tmp_path))
    (engine / "pulumi").chmod(0o755)
    (layout.tools / "engine.json").write_text(json.dumps({"folder": str(engine)}))
    return layout


def calls(clone: Layout) -> list[str]:
    file = clone.root / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_the_local_stack_is_made_once(clone: Layout) -> None:
    make_stack(clone, "local")
    make_stack(clone, "local")
    assert calls(clone) == [f"stack init local --no-select --non-interactive {clone.backend.as_uri()}"]


def test_a_second_emulator_has_a_stack_and_settings_of_its_own(clone: Layout) -> None:
    make_stack(clone, "local-2", Ports(9570, 9571))
    settings = (clone.root / "Pulumi.local-2.yaml").read_text()
    assert "http://127.0.0.1:9570/storage/v1/" in settings
    assert "pubsubGrpcEndpoint: 127.0.0.1:9571\n" in settings
    assert "947" not in settings
    make_stack(clone, "local-2")
    make_stack(clone, "local-2", Ports(9570, 9571))
    assert len(calls(clone)) == 1


def test_its_ports_must_be_named_once(clone: Layout) -> None:
    with pytest.raises(SetupError, match="scripts/setup --env local-2 --port 9570"):
        make_stack(clone, "local-2")
    make_stack(clone, "local-2", Ports(9570, 9571))
    for others in (Ports(9670, 9671), Ports(9570, 9671)):
        with pytest.raises(SetupError, match=r"Pulumi.local-2.yaml has other ports than"):
            make_stack(clone, "local-2", others)


def test_a_stack_on_google_cloud_is_its_owners(clone: Layout) -> None:
    make_stack(clone, "dev")
    assert calls(clone) == []
    with pytest.raises(SetupError, match="name the stack local-dev"):
        make_stack(clone, "dev", Ports(9570, 9571))


def test_a_name_that_is_no_file_name(clone: Layout) -> None:
    with pytest.raises(SetupError, match="can't name a stack"):
        make_stack(clone, "local-/../x", Ports(9570, 9571))


def test_what_pulumi_says_is_told(clone: Layout) -> None:
    engine = clone.tools / "bin" / "pulumi"
    engine.write_text("#!/bin/sh\necho 'error: the passphrase is wrong'\nexit 255\n")
    with pytest.raises(SetupError, match="could not be made: error: the passphrase is wrong"):
        make_stack(clone, "local")


def test_swapped_ports() -> None:
    settings = "a: 127.0.0.1:9470\nb: 127.0.0.1:9471\n"
    assert with_ports(settings, Ports(9471, 9470)) == "a: 127.0.0.1:9471\nb: 127.0.0.1:9470\n"


def test_the_lines_select_the_stack_and_forget_an_earlier_one(clone: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", clone.backend.as_uri())
    lines = "\n".join(setup.lines_for_eval("dev", clone))
    told = subprocess.run(
        ["/bin/sh", "-c", f'{lines}\necho "$PULUMI_STACK,$PULUMI_BACKEND_URL"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "dev,\n"


@pytest.mark.parametrize("arguments", [["--port", "9570"], ["--env", "local-2", "--grpc-port", "9571"]])
def test_options_that_go_together(arguments: list[str], clone: Layout) -> None:
    with pytest.raises(SystemExit) as stopped:
        setup.main(arguments, clone)
    assert stopped.value.code == 2

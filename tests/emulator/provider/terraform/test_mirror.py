"""What leads Terraform to the stand-in."""

import os
import subprocess
import sys
from pathlib import Path

from emulator.provider.schema import version
from tests.support.emulator import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    command = [sys.executable, "-m", "emulator.provider.terraform", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_mirror_is_made_for_both_registries_and_both_providers(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    done = run(str(folder))
    assert done.stdout == f"export TF_CLI_CONFIG_FILE='{folder}/terraform.rc'\n"
    programs = sorted(folder.rglob("terraform-provider-*"))
    assert [program.relative_to(folder / "providers").parts[:4] for program in programs] == [
        (host, "hashicorp", provider, version())
        for host in ("registry.opentofu.org", "registry.terraform.io")
        for provider in ("google", "google-beta")
    ]
    assert all(os.access(program, os.X_OK) for program in programs)
    configuration = (folder / "terraform.rc").read_text()
    assert f'path    = "{folder}/providers"' in configuration
    assert configuration.count('"registry.terraform.io/hashicorp/google-beta"') == 2


def test_without_a_folder_it_says_what_it_is_for() -> None:
    done = run()
    assert done.returncode == 2
    assert "FOLDER" in done.stderr

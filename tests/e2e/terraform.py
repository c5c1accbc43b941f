"""The example for Terraform, run by `terraform` or `tofu` with the stand-in provider."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from emulator.provider.terraform import mirror
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE

EXAMPLE = ROOT / "examples" / "terraform"


def program() -> str | None:
    """The path of terraform, else of tofu; None where this machine has neither."""
    return shutil.which("terraform") or shutil.which("tofu")


@dataclass(frozen=True)
class Terraform:
    """The example in a folder of its own, on an emulator that is reached at an address."""

    folder: Path
    program: str
    emulator: RunningEmulator
    base_url: str

    def copy(self) -> Terraform:
        """Copy the example there, and make what leads to the stand-in."""
        for file in EXAMPLE.glob("*.tf"):
            shutil.copy(file, self.folder)
        mirror.make(self.folder)
        return self

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it in that folder, with values of the example's variables."""
        chosen = {"project": self.emulator.project, "emulator": self.base_url, **variables}
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TF_")},
            **{f"TF_VAR_{name}": value for name, value in chosen.items()},
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
            "CHECKPOINT_DISABLE": "1",
            "GOOGLE_OAUTH_ACCESS_TOKEN": self.emulator.owner_token,
        }
        return subprocess.run(
            [self.program, *arguments, "-no-color"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=4 * PATIENCE,
        )

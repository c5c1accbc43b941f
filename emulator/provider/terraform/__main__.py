"""python -m emulator.provider.terraform FOLDER: write what leads Terraform to the stand-in, or be it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from emulator.provider.terraform.mirror import make

_USE = """\
Terraform starts this program itself. To have it do so: python -m emulator.provider.terraform FOLDER
writes a mirror of providers into FOLDER and prints the variable that leads terraform and tofu to it.
"""


def main() -> int:
    """Serve where Terraform asks for it, else write the mirror; the exit code."""
    if "TF_PLUGIN_MAGIC_COOKIE" in os.environ:
        from emulator.provider.terraform.plugin import serve  # the imports take a while

        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
        serve()
        return 0
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.stderr.write(_USE)
        return 2
    sys.stdout.write(f"export TF_CLI_CONFIG_FILE={shlex.quote(str(make(Path(sys.argv[1]))))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

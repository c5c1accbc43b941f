"""Brings what the browser tests need from outside, before pytest puts up its fence: `python -m tests.browser.prepare`.

Chromium with its driver, installed only on Debian and its kin and only by root, OHIF's package and axe. What can't be
brought is said here in a sentence; the tests then fail with the same one.
"""

import os
import shutil
import subprocess
import sys

from scripts import viewer
from scripts.errors import CommandError
from tests.browser import axe

PACKAGES = ("chromium", "chromium-driver")
_BRING = "run `.venv/bin/python -m tests.browser.prepare`, which needs npm."
_SECONDS = 900


def missing() -> str:
    """What is missing and how to get it, in one sentence; "" where everything is there."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        return f"Chromium is missing: install {' and '.join(PACKAGES)} (Debian: apt-get install {' '.join(PACKAGES)})."
    if not viewer.is_there():
        return f"OHIF's package is missing: {_BRING}"
    if not axe.is_there():
        return f"axe-core is missing: {_BRING}"
    return ""


def install_chromium() -> bool:
    """Install Chromium with apt; False where that is not ours to do, or fails."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", *PACKAGES]):
        done = subprocess.run([apt, *command], env=environment, capture_output=True, timeout=_SECONDS, check=False)
        if done.returncode:
            return False
    return True


def main() -> int:
    """Bring what is missing; returns 0 in any case, because only the browser tests depend on it."""
    try:
        if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
            install_chromium()
        if not viewer.is_there():
            viewer.fetch()
        if not axe.is_there():
            axe.fetch()
    except (CommandError, subprocess.TimeoutExpired, OSError) as error:
        sys.stderr.write(f"{error}\n")
    sentence = missing()
    if sentence:
        sys.stderr.write(f"{sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

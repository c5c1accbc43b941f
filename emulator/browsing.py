"""python -m emulator console: a link to the console of a running emulator, and the end of what it began."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from emulator.commands import call, owner_token, require_running

_PATH = "/_emulator/console"


def show(state: Path, account: str, *, open_: bool) -> int:
    """Print a link that works once, for the owner or a service account; 1 where no browser could be opened."""
    print(link := made(state, account))
    if open_ and not webbrowser.open(link):
        print("No browser could be opened here: follow the link by hand.")
        return 1
    return 0


def made(state: Path, account: str = "") -> str:
    """A link to the console of the emulator on that folder. Raises StartError where none runs, or it refuses."""
    running = require_running(state)
    body = {"serviceAccount": account} if account else {}
    answer = call(running, "POST", _PATH, token=owner_token(state), body=body)
    return f"{running['url']}{answer['path']}"


def end(state: Path) -> int:
    """End the owner's sessions, in all browsers."""
    ended = call(require_running(state), "DELETE", _PATH, token=owner_token(state))["ended"]
    print(f"Browser sessions ended: {ended}.")
    return 0

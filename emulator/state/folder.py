"""The folder of one emulator: the files in it that are not its state, and emptying it."""

import secrets
import shutil
from pathlib import Path

RUN_FILE = "emulator.json"
LOCK_FILE = "lock"
LOG_FILE = "emulator.log"
TLS_AUTHORITY = "tls-ca.pem"
TLS_SERVER = "tls-server.pem"
BOTO = "gsutil.boto"
_SECRETS = ("owner-token", "signing-secret", "credentials.json")
KEPT_AT_RESET = frozenset((RUN_FILE, LOCK_FILE, LOG_FILE, TLS_AUTHORITY, TLS_SERVER, BOTO, *_SECRETS))


class CorruptState(Exception):
    """The database in the folder cannot be read; the message says where it is and what to do."""


def empty(state: Path) -> None:
    """Delete the state; the owner's token and the key file stay, so that shells that know them go on.

    Files go before folders: what is left of a deletion that a crash cut off is bytes that no database names. A folder
    is put aside before it is deleted, because a thread may still be about to write into it.
    """
    for path in sorted(state.iterdir(), key=Path.is_dir):
        if path.name in KEPT_AT_RESET:
            continue
        if path.is_dir():
            aside = path.with_name(f"{path.name}-{secrets.token_hex(4)}")
            path.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

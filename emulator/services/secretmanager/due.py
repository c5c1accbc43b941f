"""When a secret expires or is to be rotated, and when a version is destroyed: rows that the clock looks at."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from emulator.state.resources import Resource

EXPIRE, ROTATE, DESTROY = "expire", "rotate", "destroy"


def enter(tx: sqlite3.Connection, resource: str, what: str, time: str | None) -> None:
    """Take down when something is due (RFC 3339), or that it is not, in the caller's write."""
    tx.execute("DELETE FROM secret_due WHERE resource = ? AND what = ?", (resource, what))
    if time:
        values = (resource, what, datetime.fromisoformat(time).timestamp())
        tx.execute("INSERT INTO secret_due VALUES(?,?,?)", values)


def enter_secret(tx: sqlite3.Connection, secret: Resource) -> None:
    """Take down when a secret expires, and when it is to be rotated."""
    enter(tx, secret.name, EXPIRE, secret.body.get("expireTime"))
    enter(tx, secret.name, ROTATE, secret.body.get("rotation", {}).get("nextRotationTime"))


def leave(tx: sqlite3.Connection, secret: str) -> None:
    """Forget what was due of a secret that goes, and of its versions, with their payloads."""
    below = (f"{secret}/", f"{secret}0")  # "0" is the character after "/"
    tx.execute("DELETE FROM secret_due WHERE resource = ? OR (resource > ? AND resource < ?)", (secret, *below))
    tx.execute("DELETE FROM secret_payloads WHERE version > ? AND version < ?", below)

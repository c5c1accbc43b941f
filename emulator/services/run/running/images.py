"""Which command of this machine stands for an image: what `python -m emulator start --run-image` said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition

if TYPE_CHECKING:
    from emulator.context import Context


def command_of(context: Context, container: dict[str, Any]) -> list[str]:
    """The command that a container is run as, with its arguments. Raises a 400 that says what to do where none is."""
    image: str = container["image"]
    if container.get("command"):
        raise failed_precondition(
            f"The container of image {image} has a command of its own, and that is not run on this machine: leave "
            "command out, and use args."
        )
    _require_plain(container)
    known = dict(context.settings.run_images)
    command = known.get(image) or known.get(_untagged(image))
    if command is None:
        raise failed_precondition(
            f"No command stands for the image {image} on this machine, so it was not run; the emulator runs no "
            f'containers. Start it with --run-image "{_untagged(image)}=COMMAND" to say which command does its work.'
        )
    return [*command, *container.get("args", [])]


def _require_plain(container: dict[str, Any]) -> None:
    """Raise a 400 for what a process of this machine can't be given: secrets and volumes."""
    for each in container.get("env", []):
        if each.get("valueSource"):
            raise failed_precondition(
                f"The variable {each['name']} is a secret of Secret Manager, which is not emulated: give it a value."
            )
    if container.get("volumeMounts"):
        raise failed_precondition("Volumes are not mounted on this machine: leave volumeMounts out.")


def _untagged(image: str) -> str:
    """An image without its tag and digest."""
    name = image.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name

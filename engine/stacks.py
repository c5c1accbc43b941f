"""Stacks on an emulator: the file of their settings, and the stack itself in the backend of this clone."""

import re
from dataclasses import dataclass
from pathlib import Path

from engine.environment import LOCAL_STACK, engine_folder, is_local, stack_environment
from engine.layout import Layout, SetupError
from engine.run import CommandFailed, run

PORT, GRPC_PORT = 9470, 9471


@dataclass(frozen=True)
class Ports:
    """Where an emulator listens: REST and Pub/Sub's gRPC."""

    rest: int = PORT
    grpc: int = GRPC_PORT


def make_stack(layout: Layout, stack: str, ports: Ports | None = None) -> None:
    """Make a stack on an emulator where it is missing; its settings are those of stack local with other ports.

    Args:
        layout: the clone, which is set up.
        stack: `local`, or a name that begins with `local-`; any other is left to its owner's own login.
        ports: those of the stack's emulator; needed the first time for any stack but `local`.

    Raises:
        SetupError: the ports are missing or contradict the settings, or pulumi refuses.
    """
    if not is_local(stack):
        if ports:
            raise SetupError(
                f"--port and --grpc-port are for stacks on an emulator, whose names begin with {LOCAL_STACK}-; "
                f"leave them out, or name the stack {LOCAL_STACK}-{stack}."
            )
        return
    if not re.fullmatch(r"[a-z0-9-]+", stack):
        raise SetupError(f"{stack} can't name a stack: use a-z, 0-9 and -, as in {LOCAL_STACK}-2.")
    _write_settings(layout, stack, ports)
    if _made(layout, stack):
        return
    command: list[str | Path] = [engine_folder(layout) / "pulumi", "stack", "init", stack]
    environment = stack_environment(stack, layout)
    log = layout.logs / "stack.log"
    try:
        run([*command, "--no-select", "--non-interactive"], log, environment=environment, folder=layout.root)
    except CommandFailed as failure:
        raise SetupError(
            f"Stack {stack} could not be made: {failure.reason} (see {failure.log}); mend that, "
            "then run scripts/setup again."
        ) from None


def with_ports(settings: str, ports: Ports) -> str:
    """Settings of stack local with other ports in all endpoints."""
    others = {str(PORT): ports.rest, str(GRPC_PORT): ports.grpc}
    return re.sub(rf"\b127\.0\.0\.1:({'|'.join(others)})\b", lambda found: f"127.0.0.1:{others[found[1]]}", settings)


def _write_settings(layout: Layout, stack: str, ports: Ports | None) -> None:
    """Write Pulumi.STACK.yaml unless it is there."""
    file = layout.root / f"Pulumi.{stack}.yaml"
    if file.exists():
        text = file.read_text()
        if ports and (f"127.0.0.1:{ports.rest}/" not in text or f"127.0.0.1:{ports.grpc}\n" not in text):
            raise SetupError(
                f"{file.name} has other ports than {ports.rest} and {ports.grpc}: change them there, or name another "
                f"stack, such as {LOCAL_STACK}-{ports.rest}."
            )
        return
    if ports is None:
        raise SetupError(
            f"Stack {stack} has no settings yet: name its emulator's ports, as in "
            f"`scripts/setup --env {stack} --port 9570 --grpc-port 9571`."
        )
    file.write_text(with_ports((layout.root / f"Pulumi.{LOCAL_STACK}.yaml").read_text(), ports))


def _made(layout: Layout, stack: str) -> bool:
    """True if the backend holds the stack; asking pulumi would take a second each time."""
    kept = (layout.backend / ".pulumi" / "stacks").rglob(f"{stack}.json*")
    return any(file.name in (f"{stack}.json", f"{stack}.json.gz") for file in kept)

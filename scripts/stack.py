"""Which stack a command works on, and what that stack's outputs are."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from infra.outputs import Outputs
from scripts.errors import CommandError, UsageError

LOCAL_STACK = "local"
OUTPUTS_VARIABLE = "HEALTHCARE_CLOUD_OUTPUTS"
"""Holds a stack's outputs as JSON where there is no Pulumi to ask: in a scheduled job (infra/schedule.py)."""
_PULUMI_SECONDS = 120


def read_outputs(stack: str | None = None, outputs_file: Path | None = None) -> Outputs:
    """The outputs of `stack` (default: the selected one), or those in `outputs_file`.

    The selected stack is PULUMI_STACK, else the one chosen with `pulumi stack select`, else `local` where this
    clone has made it; HEALTHCARE_CLOUD_OUTPUTS, where it is set, takes the place of all of them. Raises CommandError
    or infra.outputs.OutputsError.
    """
    if stack and outputs_file:
        raise UsageError("--stack and --outputs exclude each other: an outputs file already says which stack it is of.")
    if outputs_file:
        return Outputs.from_file(outputs_file)
    if not stack and (text := os.environ.get(OUTPUTS_VARIABLE)):
        return Outputs.from_json(text, f"the outputs in {OUTPUTS_VARIABLE}")
    stack = stack_name(stack)
    text = _pulumi(stack, "stack", "output", "--json", "--stack", stack)
    return Outputs.from_json(text, f"the outputs of stack {stack}")


def stack_name(stack: str | None = None) -> str:
    """The stack that a command works on, `stack` where one is named; as in `read_outputs`. Raises CommandError."""
    return stack or os.environ.get("PULUMI_STACK") or _selected_stack()


def read_configuration(stack: str, file: Path | None = None) -> dict[str, str]:
    """The configuration of `stack` by full keys, values as Pulumi hands them to a program; secrets are left out.

    From `file`, where one is given, else as `pulumi config --json` prints it. Raises CommandError.
    """
    text = _read_text(file) if file else _pulumi(stack, "config", "--json", "--stack", stack)
    try:
        found = json.loads(text)
        return {key: str(each["value"]) for key, each in found.items() if "value" in each}
    except (ValueError, TypeError, AttributeError):
        raise CommandError(f"The configuration of stack {stack} is not what `pulumi config --json` prints.") from None


def read_state(stack: str) -> str:
    """The state of `stack`, as `pulumi stack export` prints it; secrets stay encrypted. Raises CommandError."""
    return _pulumi(stack, "stack", "export", "--stack", stack)


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CommandError(
            f"The configuration file {file} can't be read: give one of `pulumi config --json`."
        ) from None


def _selected_stack() -> str:
    """The stack selected in the user's own Pulumi, else `local` where this clone holds its state."""
    from engine.layout import Layout

    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    if home.is_dir():
        try:
            return _pulumi(None, "stack", "--show-name").strip()
        except CommandError:
            pass
    if Layout().backend.is_dir():
        return LOCAL_STACK
    raise UsageError("No stack is selected: name one with --stack, or run `pulumi stack select` or scripts/demo first.")


def _pulumi(stack: str | None, *arguments: str) -> str:
    """What `pulumi ARGUMENTS` prints, run in the environment of `stack` (None: the user's own)."""
    from engine.environment import stack_environment
    from engine.layout import ROOT, SetupError

    try:
        environment = stack_environment(stack or "")
    except SetupError as error:
        raise CommandError(str(error)) from None
    command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_PULUMI_SECONDS, check=False
        )
    except FileNotFoundError:
        raise CommandError("The Pulumi engine is not there: run scripts/setup.") from None
    except subprocess.TimeoutExpired:
        raise CommandError(
            f"pulumi did not answer within {_PULUMI_SECONDS} seconds: check the state backend."
        ) from None
    if done.returncode:
        raise CommandError(_pulumi_error(stack, done.stderr))
    return done.stdout


def _pulumi_error(stack: str | None, stderr: str) -> str:
    """One sentence for a failed `pulumi`, from the line of its output that says why."""
    from engine.environment import is_local

    if "no stack named" in stderr:
        made = f'eval "$(scripts/setup --env {stack})"' if is_local(stack or "") else f"pulumi stack init {stack}"
        remedy = f"run `{made}` and `pulumi up --stack {stack}`"
        return f"There is no stack {stack}: {remedy}, or name another with --stack."
    if "PULUMI_ACCESS_TOKEN" in stderr or "pulumi login" in stderr:
        return f"Pulumi is not signed in to the backend of stack {stack}: run `pulumi login`."
    if "passphrase" in stderr:
        return f"The passphrase of stack {stack} is missing or wrong: set PULUMI_CONFIG_PASSPHRASE."
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("error:")), lines[-1] if lines else "no reason given")
    return f"What Pulumi knows of stack {stack or '(selected)'} can't be read: {reason.removeprefix('error:').strip()}"

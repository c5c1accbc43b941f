"""The one place that turns what went wrong into one sentence for the user, and into an exit code."""

from __future__ import annotations

import errno
import json
import re
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus
from pathlib import Path

from infra.outputs import Outputs, OutputsError
from scripts import agents, denied
from scripts.agents import Place
from scripts.denied import Denied
from scripts.legible import legible

SIGN_IN = "sign in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
START_EMULATOR = "start it with: python -m emulator start"

# Classes of Google's and HTTP clients, by module and name: naming them here keeps those packages out of the start-up.
_UNREACHABLE = {
    ("requests.exceptions", "ConnectionError"),
    ("requests.exceptions", "Timeout"),
    ("httplib2.error", "ServerNotFoundError"),
    ("google.auth.exceptions", "TransportError"),
    ("builtins", "ConnectionError"),
    ("builtins", "TimeoutError"),
}
_NO_CREDENTIALS = ("google.auth.exceptions", "DefaultCredentialsError")
_REFUSED_CREDENTIALS = ("google.auth.exceptions", "RefreshError")
_DISCOVERY_ERROR = ("googleapiclient.errors", "HttpError")
_CALL_ERROR = ("google.api_core.exceptions", "GoogleAPICallError")
_GAVE_UP = ("google.api_core.exceptions", "RetryError")
_CORRUPT = {
    ("google.resumable_media.common", "DataCorruption"),
    ("google.cloud.storage.exceptions", "DataCorruption"),
}

_ERROR_OF_A_JOB = re.compile(r"; reason: .*?\bmessage: ", re.DOTALL)


class ExitCode(IntEnum):
    """What a command leaves behind for the shell."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    PARTLY_DONE = 3

    @classmethod
    def of(cls, *, failed: object, done: object) -> ExitCode:
        """0 where nothing failed or was left, 3 where something was done all the same, 1 where nothing was."""
        if not failed:
            return cls.DONE
        return cls.PARTLY_DONE if done else cls.FAILED


class CommandError(Exception):
    """One sentence for the user: what is wrong, where, what to do; with the exit code of the command."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class UsageError(CommandError):
    """The command was called wrongly: exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.WRONG_USE)


class ApiFailure(Exception):
    """A refusal of a Google API, whichever client it came through: HTTP code and Google's own message."""

    def __init__(self, code: int, message: str, request: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request = request
        """What the client says of the request: may name patients, and is not for people."""


@dataclass(frozen=True)
class Surroundings:
    """What an explanation needs to know about where the command ran."""

    project: str | None = None
    stack: str | None = None
    emulated: bool = False
    address: str = "Google Cloud"
    agent: str | None = None
    principal: str | None = None
    own: frozenset[str] = frozenset()
    """The URIs of the stack's buckets and BigQuery datasets."""
    reached: tuple[Place, ...] = ()
    """Where the request led the Healthcare API's agent."""
    behind: str | None = None
    """The address of whoever acts as `principal`, as far as the credentials tell."""

    @classmethod
    def of(
        cls,
        outputs: Outputs,
        address: str,
        *,
        emulated: bool,
        principal: str | None = None,
        behind: str | None = None,
        reached: tuple[Place, ...] = (),
    ) -> Surroundings:
        """The surroundings of a command on the stack `outputs` describes, talking to `address` (a root URL).

        `principal` is the address of the account in whose name it works, `behind` that of whoever acts as it, each None
        where the credentials don't tell, and `reached` the places that its last request for an operation named.
        """
        agent, own = outputs.healthcare_agent_email, agents.own_places(outputs)
        return cls(outputs.project, outputs.stack, emulated, address, agent, principal, own, reached, behind)


def explain(error: BaseException, where: Surroundings | None = None) -> CommandError:
    """The sentence and exit code for `error`; `where` adds the remedies that depend on the stack.

    What no rule knows is named by its type and place in the code only: its text could hold patient data.
    """
    where = where or Surroundings()
    if isinstance(error, CommandError):
        return error
    if isinstance(error, OutputsError):
        return CommandError(str(error))
    if isinstance(error, ModuleNotFoundError):
        return CommandError(
            f"The package of {error.name} is not installed, which the commands need and the emulator does not:"
            " run scripts/setup in a clone, or `pip install '.[commands]'`."
        )
    kinds = _kinds(error)
    if _GAVE_UP in kinds and getattr(error, "cause", None) is not None:
        return explain(error.cause, where)  # type: ignore[attr-defined]
    if _NO_CREDENTIALS in kinds:
        return CommandError(f"No Google credentials were found: {SIGN_IN}.")
    if _REFUSED_CREDENTIALS in kinds:
        if refused := denied.acting(error.args):
            return CommandError(_refusal(ApiFailure(HTTPStatus.FORBIDDEN, refused), where))
        return CommandError(_refused_credentials(where))
    if kinds & _CORRUPT:
        return CommandError("The bytes that arrived do not match their checksum: run the same command again.")
    if kinds & _UNREACHABLE:
        return CommandError(_unreachable(where))
    failure = api_failure(error)
    if failure is not None:
        return CommandError(_refusal(failure, where))
    if isinstance(error, OSError):
        return CommandError(_operating_system(error))
    return CommandError(_unexpected(error))


def api_failure(error: BaseException) -> ApiFailure | None:
    """The refusal of a Google API inside `error`; None when it is something else."""
    if isinstance(error, ApiFailure):
        return error
    kinds = _kinds(error)
    if _DISCOVERY_ERROR in kinds:
        return ApiFailure(int(error.status_code), str(error.reason), str(getattr(error, "uri", "")))  # type: ignore[attr-defined]
    if _CALL_ERROR in kinds:
        message = str(getattr(error, "message", "") or error)
        code = getattr(error, "code", None)
        return ApiFailure(int(code) if code is not None else 500, _own_words(message), message.partition("?")[0])
    return None


def one_line(text: str) -> str:
    """`text` as one line, ready to stand inside a sentence: no line breaks, no full stop at its end."""
    return " ".join(text.split()).rstrip(".")


def _kinds(error: BaseException) -> set[tuple[str, str]]:
    return {(kind.__module__, kind.__name__) for kind in type(error).__mro__}


def _own_words(message: str) -> str:
    """Google's own words without what clients add: the request in front, BigQuery's location and job behind.

    An upload's client gives the whole answer, in JSON, and what it thinks of that. BigQuery's appends each error of the
    job to the first of them, which is one of these again.
    """
    plain = re.sub(r"^(GET|POST|PUT|PATCH|DELETE) \S+ ?: ", "", message).partition("\n\nLocation: ")[0]
    if plain.startswith("{"):
        with suppress(ValueError, LookupError, TypeError):
            return str(json.JSONDecoder().raw_decode(plain)[0]["error"]["message"])
    return "; ".join(dict.fromkeys(_ERROR_OF_A_JOB.split(plain)))


def _refused_credentials(where: Surroundings) -> str:
    if where.emulated:
        return (
            "The emulator refuses these credentials: they belong to another emulator or an emptied state;"
            ' run `eval "$(python -m emulator env)"`, or unset GOOGLE_OAUTH_ACCESS_TOKEN and'
            " GOOGLE_APPLICATION_CREDENTIALS."
        )
    return f"Google refuses these credentials: {SIGN_IN}."


def _unreachable(where: Surroundings) -> str:
    if where.emulated:
        return f"The emulator does not answer at {where.address}: {START_EMULATOR}"
    return f"{where.address} cannot be reached: check the network, the proxy and the firewall."


def _refusal(failure: ApiFailure, where: Surroundings) -> str:
    """Google's own message, then what to do about it."""
    message = one_line(failure.message) or f"The service answered HTTP {failure.code}"
    remedy = _remedy(failure, message, where)
    return f"{message}. {remedy}" if remedy else f"{message}."


def _remedy(failure: ApiFailure, message: str, where: Surroundings) -> str | None:
    code, project = failure.code, where.project or "the project"
    agent = agents.remedy(message, where.agent or _SOME_AGENT, project, where.own, where.reached)
    if agent:
        return f"{agent} {_SHOWN}"
    if key := denied.key_in(message):
        return _grant_remedy(key, where)
    if "has not been used in project" in message or "is disabled" in message:
        return f"Run `pulumi up --refresh`, which enables the APIs of {project}, and wait a minute."
    if code == 401:
        if where.emulated:
            return 'Run `eval "$(python -m emulator env)"`, or unset GOOGLE_OAUTH_ACCESS_TOKEN.'
        return f"Unset GOOGLE_OAUTH_ACCESS_TOKEN if it is stale; else {SIGN_IN}."
    if code == 403:
        lacking = denied.read(message, failure.request)
        return _grant_remedy(lacking, where) if lacking else f"Is {project} the project you mean? {_SHOWN}"
    if code == 404:
        stack = f"stack {where.stack}" if where.stack else "the stack"
        return f"Check the name; if {stack} was changed, emptied or destroyed, run `pulumi up --refresh`."
    if code == 429:
        return "Wait a minute and run the same command again; what is done is not done again."
    if code in (500, 502, 503, 504):
        return "Run the same command again; what is done is not done again."
    return None


_SOME_AGENT = "the project's healthcare service agent"
_PEOPLE = "Who may act as an account of the stack is named in its configuration: loaders, readers and so on."
_SHOWN = "`python -m scripts preflight` shows which of the stack's grants is missing."


def lack(failure: ApiFailure, where: Surroundings) -> str:
    """Who lacks which permission on what, by a refusal; Google's own message where that does not tell."""
    lacking = denied.read(failure.message, failure.request)
    return str(_whole(lacking, where)) if lacking else one_line(failure.message)


def _whole(lacking: Denied, where: Surroundings) -> Denied:
    """The same with who and on what, where the refusal leaves that out."""
    if lacking.permission == denied.ACTS:
        return lacking.filled(principal=where.behind, resource=where.principal)
    return lacking.filled(principal=where.principal, resource=f"projects/{where.project}")


def _grant_remedy(lacking: Denied, where: Surroundings) -> str:
    """Who lacks which permission on what, and how to find the grant."""
    found = _whole(lacking, where)
    asked = f"`python -m scripts access why {found.principal or 'ACCOUNT'} {found.permission} {found.resource}`"
    people = f" {_PEOPLE}" if found.permission == denied.ACTS else ""
    return f"{found}: {asked} says why.{people} {_SHOWN}"


def _operating_system(error: OSError) -> str:
    name = f" ({Path(str(error.filename)).name})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{name}: make room and run the same command again."
    return f"{error.strerror or type(error).__name__}{name}."


def _unexpected(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return (
        f"An unforeseen {type(error).__name__}{place} stopped the command;"
        " run it again with SCRIPTS_TRACEBACK=1 to see where (that output may hold patient data)."
    )


def report(error: CommandError) -> None:
    """Print the sentence to standard error."""
    sys.stderr.write(f"error: {legible(str(error))}\n")

"""python -m emulator: start, stop, status, reset, snapshot, env, seed, console, collections, mllp."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from http.client import HTTPException
from pathlib import Path

from emulator import settings as defaults
from emulator.access import groups
from emulator.errors import ApiError
from emulator.hospital import options as hospital
from emulator.mllp import options as mllp
from emulator.serving.server import StartError, serve
from emulator.settings import LOOPBACK, Settings
from emulator.state.trouble.choosing import parse_choice
from emulator.version import VERSION

PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m emulator", description="Google Cloud on localhost for medical imaging."
    )
    top.add_argument("--version", action="version", version=f"Healthcare Cloud POC {VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("start", help="run the emulator (in the foreground, or --detach)")
    start.add_argument(
        "--port", type=int, default=defaults.DEFAULT_PORT, help="REST port; 0 takes a free one (default %(default)s)"
    )
    start.add_argument(
        "--grpc-port", type=int, default=defaults.DEFAULT_GRPC_PORT, help="Pub/Sub gRPC port (default %(default)s)"
    )
    start.add_argument(
        "--tls",
        type=int,
        nargs="?",
        const=defaults.DEFAULT_TLS_PORT,
        metavar="PORT",
        help="serve REST over TLS, too, for clients that speak nothing else, such as gsutil (without a port "
        f"{defaults.DEFAULT_TLS_PORT}); `env` says which certificate authority they have to trust",
    )
    start.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; anything but loopback demands credentials of every caller, and is served over TLS "
        "only (--tls is then on): what speaks no TLS stays on loopback",
    )
    start.add_argument(
        "--plain-http",
        action="store_true",
        help="beyond loopback, serve without TLS, too: tokens go over the network as they are (for a container whose "
        "ports are published on its machine only)",
    )
    start.add_argument(
        "--grpc-tls",
        type=int,
        nargs="?",
        const=defaults.DEFAULT_GRPC_TLS_PORT,
        metavar="PORT",
        help=f"serve gRPC over TLS, too (without a port {defaults.DEFAULT_GRPC_TLS_PORT}); needs --tls",
    )
    start.add_argument(
        "--tls-certificate",
        type=Path,
        metavar="FILE",
        help="speak TLS with the key and the certificates in this file (PEM) in place of one of the emulator's own",
    )
    start.add_argument("--project", default=defaults.DEFAULT_PROJECT, help="id of the project (default %(default)s)")
    start.add_argument("--detach", action="store_true", help="run in the background; returns once it answers")
    start.add_argument("--iam", choices=("on", "off"), default="on", help="enforce permissions (default on)")
    start.add_argument(
        "--anonymous",
        choices=("allow", "deny"),
        default="allow",
        help="whether storage and Pub/Sub clients in emulator mode, which send no credentials, count as the key file's "
        "service account (default allow)",
    )
    start.add_argument(
        "--operations",
        default="immediate",
        help="when long-running operations run: immediate, manual, or delay:SECONDS",
    )
    start.add_argument(
        "--trouble",
        default="",
        metavar="PROFILE[:SEED]",
        help="what a cloud does to its callers, drawn from a seed: calm, google or bad-day (default: none)",
    )
    start.add_argument(
        "--request-log", type=Path, metavar="FILE", help="tell every request to a file, a line of JSON each"
    )
    start.add_argument(
        "--groups",
        type=Path,
        metavar="FILE",
        help="who is in which group, as JSON: the members of each by its address; default: as declared before",
    )
    start.add_argument(
        "--text-model",
        default="",
        metavar="NAME",
        help="a pipeline of spaCy's, by its package or folder, that finds names beside the rules of de-identification; "
        "it and spaCy are yours to install (default: rules alone)",
    )
    start.add_argument(
        "--encrypt-at-rest",
        type=Path,
        metavar="FILE",
        help="encrypt what is stored, by keys that this file's key protects (made where it is not there; keep it "
        "elsewhere than the state); default: nothing is encrypted",
    )
    start.add_argument(
        "--run-image",
        action="append",
        default=[],
        metavar="IMAGE=COMMAND",
        help="run tasks of Cloud Run jobs of that image as this command of this machine, with the job's arguments, "
        "environment and account; again for each image (default: executions fail)",
    )
    start.add_argument(
        "--query-memory",
        type=int,
        default=defaults.DEFAULT_QUERY_MEMORY,
        metavar="MIB",
        help="memory for all of BigQuery's queries together; one that needs more fails with resourcesExceeded "
        f"(default %(default)s MiB, at least {defaults.LEAST_QUERY_MEMORY})",
    )
    for name, text in (
        ("stop", "stop the emulator"),
        ("status", "say whether it runs, and where"),
        ("reset", "empty the state; a running emulator starts anew"),
        ("env", 'print what clients need, for: eval "$(python -m emulator env)"'),
    ):
        commands.add_parser(name, help=text)
    seed = commands.add_parser("seed", help="fill a running emulator from a folder, or with a made-up hospital")
    seed.add_argument(
        "folder",
        metavar="FOLDER | hospital",
        help="holds storage/BUCKET/..., healthcare/LOCATION/DATASET/STORE/*.dcm, bigquery/DATASET/TABLE.ndjson; the "
        "word hospital (for a folder of that name write ./hospital) for patients with films, FHIR resources, HL7v2 "
        "messages and consents that agree with each other",
    )
    hospital.add_options(seed)
    console = commands.add_parser("console", help="print a link to pages that show what the emulator holds")
    console.add_argument(
        "--as",
        dest="account",
        default="",
        metavar="EMAIL",
        help="see what this service account sees (default: the owner)",
    )
    console.add_argument("--open", action="store_true", help="open the link in the default browser")
    console.add_argument("--end", action="store_true", help="end the owner's sessions in all browsers")
    snapshot = commands.add_parser("snapshot", help="save, restore, list or delete states")
    snapshot.add_argument("action", choices=("save", "restore", "list", "delete"))
    snapshot.add_argument(
        "target", nargs="?", default="", help="its name; for save and restore also a file, such as ./state.tar"
    )
    snapshot.add_argument(
        "--encrypt-at-rest",
        type=Path,
        metavar="FILE",
        help="the root key of an encrypted state: to save it while no emulator runs, or to a file",
    )
    record = commands.add_parser("record", help="write every request and its answer to a file, patients' data too")
    record.add_argument("action", choices=("start", "stop"))
    record.add_argument("name", nargs="?", default="", help="of the recording, for start")
    replay = commands.add_parser("replay", help="send a recording to the running emulator and show what is different")
    replay.add_argument("file", type=Path, help="what `record stop` has named")
    replay.add_argument("--values", action="store_true", help="show values, too, which may be patients' data")
    collections = commands.add_parser(
        "collections", help="write requests of every emulated method, for an editor or for curl"
    )
    collections.add_argument(
        "documents", nargs="*", metavar="DOCUMENT", help="of Google's APIs, such as healthcare.v1 (default: all)"
    )
    collections.add_argument(
        "--format",
        choices=("http", "curl"),
        default="http",
        help="http: files of VS Code's REST Client; curl: scripts that send one of them (default %(default)s)",
    )
    collections.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the files go")
    collections.add_argument(
        "--project", default=defaults.DEFAULT_PROJECT, help="id of the project in them (default %(default)s)"
    )
    mllp.add_options(commands.add_parser("mllp", help="pass HL7v2 messages between MLLP and an HL7v2 store"))
    for command in commands.choices.values():
        command.add_argument(
            "--state",
            type=Path,
            default=defaults.DEFAULT_STATE,
            help="folder of the state (default: .emulator in the repository; installed by pip, in this folder)",
        )
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0 done, 1 failed, 2 wrong use."""
    options = parser().parse_args(arguments)
    try:
        state = options.state.expanduser().resolve()
        if options.command == "start":
            return _start(options, state)
        if options.command == "mllp":
            return _mllp(options, state)
        from emulator import commands as control

        if options.command == "snapshot":
            return _snapshot(options, state)
        if options.command == "console":
            return _console(options, state)
        if options.command in ("record", "replay"):
            return _recording(options, state)
        if options.command == "collections":
            from emulator import collecting

            return collecting.run(options.to.expanduser(), options.format, options.documents, options.project)
        if options.command == "seed":
            return _seed(options, state)
        command = {"stop": control.stop, "status": control.status, "reset": control.reset, "env": control.env}
        return command[options.command](state)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except ApiError as error:
        print(error.message, file=sys.stderr)
        return 2
    except (OSError, RuntimeError, HTTPException) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        print(f"{options.command} failed: {reason} ({options.state}).", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _start(options: argparse.Namespace, state: Path) -> int:
    problem = _wrong_use(options)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    settings = Settings(
        state=state,
        project=options.project,
        host=options.host,
        port=options.port,
        grpc_port=options.grpc_port,
        tls_port=_tls_port(options),
        grpc_tls_port=options.grpc_tls,
        tls_certificate=_absolute(options.tls_certificate),
        plain_http=options.plain_http,
        iam=options.iam == "on",
        anonymous=options.anonymous == "allow",
        operations=options.operations,
        trouble=options.trouble,
        request_log=_absolute(options.request_log),
        groups=_absolute(options.groups),
        text_model=_model(options.text_model),
        root_key=_absolute(options.encrypt_at_rest),
        run_images=tuple(map(_run_image, options.run_image)),
        query_memory=options.query_memory,
    )
    if settings.groups is not None:
        groups.read(settings.groups)  # before the emulator is in the background, where nobody hears
    if options.detach:
        from emulator import commands as control

        return control.detach(settings)
    return serve(settings)


def _model(name: str) -> str:
    """A model's name; a folder by its whole path, since the emulator may run elsewhere."""
    return str(Path(name).resolve()) if name and Path(name).is_dir() else name


def _snapshot(options: argparse.Namespace, state: Path) -> int:
    if (options.action == "list") == bool(options.target):
        wanted = "takes no name" if options.target else "needs the name of a snapshot"
        print(f"snapshot {options.action} {wanted}.", file=sys.stderr)
        return 2
    from emulator import snapshotting

    return snapshotting.run(state, options.action, options.target, _absolute(options.encrypt_at_rest))


def _console(options: argparse.Namespace, state: Path) -> int:
    from emulator import browsing

    if options.end:
        return browsing.end(state)
    return browsing.show(state, options.account, open_=options.open)


def _recording(options: argparse.Namespace, state: Path) -> int:
    from emulator import recordings

    if options.command == "replay":
        return recordings.replay(state, options.file, values=options.values)
    if (options.action == "start") != bool(options.name):
        print(f"record {options.action} {'takes no name' if options.name else 'needs a name'}.", file=sys.stderr)
        return 2
    return recordings.record(state, options.action, options.name)


def _seed(options: argparse.Namespace, state: Path) -> int:
    from emulator import commands as control

    if options.folder == hospital.HOSPITAL:
        return control.seed_hospital(state, options.patients, options.seed, hospital.wish_of(options))
    return control.seed(state, Path(options.folder))


def _mllp(options: argparse.Namespace, state: Path) -> int:
    problem = mllp.wrong_use(options)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    from emulator.mllp import adapter

    return adapter.run(options, state)


def _run_image(text: str) -> tuple[str, tuple[str, ...]]:
    """The image and the words of the command of a --run-image; an empty part where it has none, or can't be read."""
    image, _, command = text.partition("=")
    try:
        return image.strip(), tuple(shlex.split(command))
    except ValueError:  # a quotation that does not end
        return image.strip(), ()


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.expanduser().resolve()


def _tls_port(options: argparse.Namespace) -> int | None:
    """The port of REST over TLS: the one asked for, or a default one where nothing else reaches beyond loopback."""
    beyond = options.host not in LOOPBACK and not options.plain_http
    port: int | None = options.tls
    return defaults.DEFAULT_TLS_PORT if port is None and beyond else port


def _wrong_use(options: argparse.Namespace) -> str:
    if not PROJECT.fullmatch(options.project):
        return (
            f'--project "{options.project}" is not a project id: 6 to 30 lower-case letters, digits and hyphens, '
            "starting with a letter."
        )
    for flag, port in (
        *(("--port", options.port), ("--grpc-port", options.grpc_port)),
        *(("--tls", options.tls or 0), ("--grpc-tls", options.grpc_tls or 0)),
    ):
        if not 0 <= port <= 65535:
            return f"{flag} {port} is not a port: give a number from 0 to 65535."
    if not defaults.OPERATIONS_MODE.fullmatch(options.operations):
        return f'--operations "{options.operations}" is none of immediate, manual, delay:SECONDS.'
    if options.trouble and (problem := _wrong_trouble(options.trouble)):
        return problem
    if options.query_memory < defaults.LEAST_QUERY_MEMORY:
        return f"--query-memory {options.query_memory} is too little: give {defaults.LEAST_QUERY_MEMORY} MiB or more."
    if options.run_image and (problem := _wrong_images(options.run_image, options.host)):
        return problem
    if _tls_port(options) is None and (options.grpc_tls is not None or options.tls_certificate is not None):
        return "--grpc-tls and --tls-certificate are for a start with --tls."
    key = options.encrypt_at_rest
    if key is not None and key.expanduser().resolve().is_relative_to(options.state.expanduser().resolve()):
        return f"--encrypt-at-rest {key} is refused: a root key in the state that it protects protects nothing."
    if options.host not in LOOPBACK and options.iam == "off":
        return (
            f"--iam off is refused on {options.host}: beyond loopback every caller must have credentials and "
            "permissions."
        )
    return ""


def _wrong_images(texts: list[str], host: str) -> str:
    for text in texts:
        if not all(_run_image(text)):
            return f'--run-image "{text}" is not of the form IMAGE=COMMAND.'
    if host not in LOOPBACK:
        return f"--run-image is refused on {host}: callers of other machines would start processes on this one."
    return ""


def _wrong_trouble(text: str) -> str:
    try:
        parse_choice(text)
    except ApiError as error:
        return f'--trouble "{text}": {error.message}'
    return ""


if __name__ == "__main__":
    sys.exit(main())

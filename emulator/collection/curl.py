"""Samples as a script of the shell that sends one of them with curl: sh healthcare.v1.sh METHOD [OPTIONS OF CURL]."""

from __future__ import annotations

import re
from collections.abc import Sequence

from emulator.collection.samples import FILES, Sample, values

SUFFIX = ".sh"
HEAD = r"""#!/bin/sh
# {name}: a request of every method that the emulator answers, sent with curl.
#     eval "$(python -m emulator env)"
#     sh {name}.sh                              lists the methods
#     sh {name}.sh METHOD                       sends the request of one
#     datasetsId=mine sh {name}.sh METHOD       with another name than those below
#     BODY='{{}}' sh {name}.sh METHOD             with another body; BODY=@FILE takes a file's
#     sh {name}.sh METHOD --include             with whatever else curl takes
set -eu
: "${{HEALTHCARE_EMULATOR_HOST:?is not set; python -m emulator env prints what sets it}}"
: "${{GOOGLE_OAUTH_ACCESS_TOKEN:?is not set; python -m emulator env prints what sets it}}"
"""
SEND = r"""
# Send a request: verb, path, content type and body (both empty where there is none), and options of curl. The token
# comes by a file descriptor, so that no list of processes shows it.
send() {
    verb=$1 url=$HEALTHCARE_EMULATOR_HOST$2 type=$3 body=${BODY-$4}
    shift 4
    if [ -n "$body" ]; then set -- --header "Content-Type: $type" --data-binary "$body" "$@"; fi
    curl --silent --show-error --fail-with-body --globoff --config /dev/fd/3 --request "$verb" "$@" "$url" 3<<TOKEN
header = "Authorization: Bearer $GOOGLE_OAUTH_ACCESS_TOKEN"
TOKEN
}

method=${1-}
[ $# -eq 0 ] || shift
case "$method" in
"""
REST = r"""'' | -h | --help) sed -n 's/^\([a-z][A-Za-z0-9.-]*\))$/\1/p' "$0" ;;
*)
    echo "There is no method $method here; without one, the methods are listed." >&2
    exit 2
    ;;
esac
"""


def text(name: str, samples: Sequence[Sample], project: str) -> str:
    """The script for the samples of one document."""
    variables = "".join(f': "${{{each}:={value}}}"\n' for each, value in values(samples, project).items())
    return HEAD.format(name=name) + variables + SEND + "".join(map(_case, samples)) + REST


def _case(sample: Sample) -> str:
    body = "" if sample.body is None else sample.body or f"@{FILES[sample.content_type]}"
    notes = "".join(f"    # {note}\n" for note in sample.notes)
    path, body = _quoted(sample.path), _quoted(body)
    send = f'    send {sample.method.http} {path} "{sample.content_type}" {body} "$@"\n'
    return f"{sample.method.id})\n{notes}{send}    ;;\n"


def _quoted(words: str) -> str:
    """A text in double quotes, in which the shell puts nothing but ${VARIABLE}."""
    return '"' + re.sub(r'["\\`]|\$(?!\{)', r"\\\g<0>", words) + '"'

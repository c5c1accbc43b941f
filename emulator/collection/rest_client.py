"""Samples as a file of VS Code's REST Client, which other programs read as well (httpyac, those of JetBrains)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.collection.samples import FILES, NAMED, Sample, values

SUFFIX = ".http"
HEAD = """# {name}: a request of every method that the emulator answers.
# Start the editor where eval "$(python -m emulator env)" was said, so that it knows where the emulator is, and write
# behind each @ what your resources are called.
@url = {{{{$processEnv HEALTHCARE_EMULATOR_HOST}}}}
@token = {{{{$processEnv GOOGLE_OAUTH_ACCESS_TOKEN}}}}
"""


def text(name: str, samples: Sequence[Sample], project: str) -> str:
    """The file for the samples of one document, with the values of its variables at the head."""
    variables = "".join(f"@{each} = {value}\n" for each, value in values(samples, project).items())
    return HEAD.format(name=name) + variables + "".join("\n" + "\n".join(_lines(sample)) + "\n" for sample in samples)


def _lines(sample: Sample) -> Iterator[str]:
    yield f"### {sample.method.id}"
    yield from (f"# {note}" for note in sample.notes)
    yield f"{sample.method.http} {{{{url}}}}{_named(sample.path)}"
    yield "Authorization: Bearer {{token}}"
    if sample.body is None:
        return
    yield f"Content-Type: {sample.content_type}"
    yield ""
    yield _named(sample.body) or f"< ./{FILES[sample.content_type]}"


def _named(words: str) -> str:
    return NAMED.sub(r"{{\1}}", words)

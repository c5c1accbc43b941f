"""Google's own open FHIR parser and shaper (github.com/google/fhir/go): a program that reads resources, one a line."""

from pathlib import Path

from benchmarks.peers.golang import built


def google_fhir() -> Path:
    """The program, built the first time; main.go says what it is called with. Raises PeerMissing."""
    return built(Path(__file__).parent, ".", "google-fhir")

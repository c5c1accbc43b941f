"""Sentences in Terraform's words."""

import ast
from pathlib import Path

import pytest

import emulator.provider
from emulator.provider.settings import ONLY_LOOPBACK, check
from emulator.provider.terraform.wording import reworded


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (
            "its deletionProtection is on; set it to false, run `pulumi up`, then try again",
            "its deletion_protection is on; set it to false, run `terraform apply`, then try again",
        ),
        (
            "it is gone; run `pulumi refresh`, then `pulumi up` to make it",
            "it is gone; run `terraform apply` to make it",
        ),
        ("gcp:accessToken and gcp:credentials exclude each other", "access_token and credentials exclude each other"),
    ],
)
def test_a_sentence_is_terraforms(sentence: str, words: str) -> None:
    assert reworded(sentence) == words


def test_no_sentence_of_the_tables_speaks_of_pulumi_then() -> None:
    folder = Path(emulator.provider.__file__).parent
    parsed = [
        ast.parse(path.read_text()) for path in (*folder.glob("tables/*.py"), folder / "flow.py", folder / "rest.py")
    ]
    raised = [
        node for tree in parsed for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None
    ]
    texts = [
        part.value
        for node in raised
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    texts += [problem.reason for problem in check({"pubsubCustomEndpoint": "https://pubsub.googleapis.com/v1/"})]
    texts += [ONLY_LOOPBACK]
    assert any("`pulumi up`" in text for text in texts)
    assert [text for text in map(reworded, texts) if "pulumi" in text.lower() or "gcp:" in text] == []

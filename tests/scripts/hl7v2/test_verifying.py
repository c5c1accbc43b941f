"""`hl7v2 verify`: messages are compared byte for byte, and none is quoted."""

from __future__ import annotations

import json
from pathlib import Path

from tests.scripts.conftest import Run
from tests.scripts.hl7v2.conftest import Place
from tests.scripts.hl7v2.messages import order, result


def test_each_difference_is_named(run: Run, store: Place, tmp_path: Path) -> None:
    sent, other = tmp_path / "sent.hl7", tmp_path / "other.hl7"
    sent.write_text(order(1) + order(2))
    other.write_text(order(2) + result(1))
    assert run("hl7v2", "send", sent, "--outputs", store.path).code == 0
    assert run("hl7v2", "verify", sent, "--whole", "--outputs", store.path).code == 0
    shown = run("hl7v2", "verify", other, "--whole", "--json", "--outputs", store.path)
    assert shown.code == 1
    found = json.loads(shown.out)
    assert found["compared"] == 2
    missing, extra = found["differences"]
    assert missing == {"what": "missing in the store", "name": f"{other.name}, message 2"}
    assert extra["what"] == "only in the store"
    assert run("hl7v2", "show", extra["name"], "--raw", "--outputs", store.path).out == order(1)
    assert "DOE" not in shown.out + shown.err


def test_an_export_is_compared_with_the_store_it_was_made_of(run: Run, store: Place, tmp_path: Path) -> None:
    (tmp_path / "sent.hl7").write_text(order(1) + result(2))
    run("hl7v2", "send", tmp_path / "sent.hl7", "--outputs", store.path)
    to = f"gs://{store.live.outputs.export_bucket}/{store.name.rpartition('/')[2]}/"
    assert run("hl7v2", "export", "--to", to, "--outputs", store.path).code == 0
    shown = run("hl7v2", "verify", to, "--whole", "--outputs", store.path)
    assert (shown.code, shown.out) == (0, "")
    assert "2 messages compared; 0 differences" in shown.err

"""docs/how-to/hl7v2.md, "From order to image": an order in, a study stored, the result out, all in one stream."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pydicom

from tests.emulator.mllp.adapter import adapter
from tests.emulator.mllp.partner import listening
from tests.scripts.conftest import Live, Run
from tests.scripts.files import write_films
from tests.scripts.hl7v2.conftest import MakeStore
from tests.support.emulator import ROOT

PAGE = ROOT / "docs" / "how-to" / "hl7v2.md"


def shown(name: str) -> str:
    """A file that the page shows."""
    found = re.search(rf"^cat > {name} <<'END'\n(.*?)^END$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def write_study(folder: Path) -> None:
    """Write the study that the order asks for."""
    (path,) = write_films(folder, "ordered", 1)
    film = pydicom.dcmread(path)
    film.AccessionNumber = "A100"
    film.save_as(path)


def told(live: Live) -> str:
    """A topic that the healthcare agent may publish to."""
    topic = f"projects/{live.outputs.project}/topics/orders"
    live.emulator.request("PUT", f"/v1/{topic}", {})
    agent = f"serviceAccount:{live.outputs.healthcare_agent_email}"
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}
    assert live.emulator.request("POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})[0] == 200
    return topic


def test_from_order_to_image(run: Run, live: Live, make_store: MakeStore, tmp_path: Path) -> None:
    topic, project = told(live), live.outputs.project
    store = make_store(notificationConfigs=[{"pubsubTopic": topic}])
    watched, results = (f"projects/{project}/subscriptions/{name}" for name in ("order-watch", "ehr-results"))
    live.emulator.request("PUT", f"/v1/{watched}", {"topic": topic})
    filtered = {"topic": topic, "filter": 'attributes.msgType = "ORU"'}
    assert live.emulator.request("PUT", f"/v1/{results}", filtered)[0] == 200
    outputs = json.loads(store.path.read_text())
    store.path.write_text(json.dumps({**outputs, "hl7v2_subscription": watched}))
    run("watch", "--timeout", "0.5", "--outputs", store.path)  # takes what other tests stored
    write_study(tmp_path / "films")
    for name in ("order.hl7", "result.hl7"):
        (tmp_path / name).write_text(shown(name))
    with listening() as partner:
        out = ("--subscription", results, "--send-to", f"127.0.0.1:{partner.port}")
        with adapter(live.emulator, store.name, *out) as made:
            at = f"127.0.0.1:{made.port}"
            sent = run("hl7v2", "send", tmp_path / "order.hl7", "--mllp", at, "--outputs", store.path)
            assert sent.code == 0, sent.err
            assert run("store", tmp_path / "films", "--outputs", store.path).code == 0
            found = run("search", "studies", "AccessionNumber=A100", "--json", "--outputs", store.path)
            assert len(json.loads(found.out)) == 1
            assert run("hl7v2", "send", tmp_path / "result.hl7", "--outputs", store.path).code == 0
            assert partner.wait_for(1) == [shown("result.hl7").replace("\n", "\r").encode()]
    told_of = run("watch", "all", "--count", 3, "--timeout", 60, "--json", "--outputs", store.path)
    resources = [json.loads(line)["resource"] for line in told_of.out.splitlines()]
    assert sorted("messages" if "/messages/" in each else "dicomWeb" for each in resources) == [
        "dicomWeb",
        "messages",
        "messages",
    ]

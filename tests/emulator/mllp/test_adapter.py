"""The adapter in front of the emulator, as processes of their own.

MLLP_MESSAGES=10000 and MLLP_CONNECTIONS=1000 are the thorough forms.
"""

from __future__ import annotations

import base64
import itertools
import os
import ssl
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from emulator.mllp.frames import wrap
from emulator.serving import tls
from emulator.settings import project_number
from tests.conftest import PROJECT, StartEmulator
from tests.emulator.mllp.adapter import Sender, adapter, command
from tests.emulator.mllp.certificates import write_certificate
from tests.emulator.mllp.partner import Partner, listening
from tests.emulator.services.healthcare import transfers
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE, eventually

MESSAGES = int(os.environ.get("MLLP_MESSAGES", "300"))
CONNECTIONS = int(os.environ.get("MLLP_CONNECTIONS", "100"))
DATASET = f"projects/{PROJECT}/locations/us-central1/datasets/mllp"


def make_dataset(running: RunningEmulator) -> None:
    path, _, dataset = DATASET.rpartition("/")
    running.request("POST", f"/v1/{path}?datasetId={dataset}", {})


def make_store(running: RunningEmulator, name: str, **settings: object) -> str:
    status, answer = running.request("POST", f"/v1/{DATASET}/hl7V2Stores?hl7V2StoreId={quote(name)}", settings)
    assert status == 200, answer
    return f"{DATASET}/hl7V2Stores/{name}"


def message(number: int, text: str = "") -> bytes:
    """An observation, each number another."""
    header = f"MSH|^~\\&|RIS|HOSPITAL|EHR|WARD|20260131130000||ORU^R01|M{number}|P|2.5.1"
    return f"{header}\rPID|1||{number}^^^HOSP^MR\rOBX|1|TX|1||{text or 'clear'}||||||F\r".encode()


def held(running: RunningEmulator, store: str) -> list[bytes]:
    """The bytes of every message that a store holds."""
    found: list[bytes] = []
    token = ""
    while True:
        path = f"/v1/{quote(store)}/messages?view=RAW_ONLY&pageSize=1000&pageToken={token}"
        status, page = running.request("GET", path)
        assert status == 200, page
        found += [base64.b64decode(each["data"]) for each in page.get("hl7V2Messages", [])]
        token = page.get("nextPageToken", "")
        if not token:
            return found


@pytest.fixture(scope="module")
def running(emulator: RunningEmulator) -> RunningEmulator:
    """The shared emulator, with a dataset for these tests."""
    make_dataset(emulator)
    return emulator


@pytest.fixture
def store(running: RunningEmulator, unique: Callable[[str], str]) -> str:
    """An empty store."""
    return make_store(running, unique("hl7v2"))


def test_a_message_is_stored_and_acknowledged(running: RunningEmulator, store: str) -> None:
    with adapter(running, store) as made, Sender(made.port) as sender:
        acknowledged = sender.send(message(1)).split(b"\r")
        assert acknowledged[0].split(b"|")[2:6] == [b"EHR", b"WARD", b"RIS", b"HOSPITAL"]
        assert acknowledged[1].startswith(b"MSA|AA|M1")
        assert held(running, store) == [message(1)]
        assert "1 messages received, 1 answered, 0 failed" in made.stop()


def test_a_store_may_have_a_name_beyond_ascii(running: RunningEmulator, unique: Callable[[str], str]) -> None:
    """Google: ids of stores are letters and digits of any script, with _, - and a full stop."""
    store = make_store(running, f"{unique('hl7v2')}-süd")
    with adapter(running, store) as made, Sender(made.port) as sender:
        assert b"\rMSA|AA|" in sender.send(message(1))
        assert held(running, store) == [message(1)]


def test_a_message_that_is_refused_gets_its_nack_and_the_connection_stays(running: RunningEmulator, store: str) -> None:
    with adapter(running, store) as made, Sender(made.port) as sender:
        refused = sender.send(b"MSH|^~\\&|A|B|C|D|20260131||ADT^A01|M2|P|2.5\rPID|1||\xff\r")
        # GoogleCloudPlatform/mllp issue 21: the NACK for another encoding.
        assert b"MSA|AE|M2|unsupported encoding in message, only ASCII and UTF-8 are supported" in refused
        assert b"MSA|AA|M3" in sender.send(message(3))
        assert held(running, store) == [message(3)]


def test_rubbish_half_frames_and_slow_senders_do_no_harm(running: RunningEmulator, store: str) -> None:
    with adapter(running, store) as made:
        with Sender(made.port) as broken:
            broken.write(b"\x0b" + message(1)[:20])
        with Sender(made.port) as slow:
            for byte in b"rubbish" + wrap(message(2)):
                slow.write(bytes([byte]))
            assert b"MSA|AA|M2" in slow.answer()
        assert held(running, store) == [message(2)]


def test_a_message_as_large_as_a_store_takes_goes_through_and_a_larger_one_is_answered(
    running: RunningEmulator, store: str
) -> None:
    with adapter(running, store) as made, Sender(made.port) as sender:
        large = message(1, "x" * (7 << 20))  # below 10 MB of base64 (Cloud Healthcare: quotas)
        assert b"MSA|AA|M1" in sender.send(large)
        assert b"MSA|AE|" in sender.send(message(2, "x" * (10 << 20)))
        assert held(running, store) == [large]


def test_many_connections_at_once(running: RunningEmulator, store: str) -> None:
    with adapter(running, store) as made:
        senders = [Sender(made.port) for _ in range(CONNECTIONS)]
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda each: each[1].send(message(each[0])), enumerate(senders)))
        assert all(b"MSA|AA|" in each for each in answers)
        for each in senders:
            each.close()
    assert sorted(held(running, store)) == sorted(message(number) for number in range(CONNECTIONS))


def test_tls_takes_only_clients_with_a_certificate_of_the_authority(
    running: RunningEmulator, store: str, tmp_path: Path
) -> None:
    tls.context(tmp_path, "127.0.0.1")
    pem, device = str(tmp_path / "tls-server.pem"), tmp_path / "device.pem"
    write_certificate(device)
    options = ("--tls-certificate", pem, "--tls-key", pem, "--tls-client-ca", str(device))
    with adapter(running, store, *options) as made:
        client = ssl.create_default_context(cafile=str(tmp_path / "tls-ca.pem"))
        with pytest.raises((ConnectionError, ssl.SSLError)), Sender(made.port, client) as stranger:
            stranger.send(message(1))
        client.load_cert_chain(device)
        with Sender(made.port, client) as known:
            assert b"MSA|AA|M2" in known.send(message(2))
    assert held(running, store) == [message(2)]


def test_what_a_subscription_names_is_sent_until_it_is_acknowledged(
    running: RunningEmulator, unique: Callable[[str], str]
) -> None:
    topic, subscription = (f"projects/{PROJECT}/{kind}/{unique('mllp')}" for kind in ("topics", "subscriptions"))
    running.request("PUT", f"/v1/{topic}", {})
    running.request(
        "POST", f"/v1beta1/projects/{PROJECT}/services/healthcare.googleapis.com:generateServiceIdentity", {}
    )
    agent = f"serviceAccount:service-{project_number(PROJECT)}@gcp-sa-healthcare.iam.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}
    assert running.request("POST", f"/v1/{topic}:setIamPolicy", {"policy": policy})[0] == 200
    running.request("PUT", f"/v1/{subscription}", {"topic": topic})
    store = make_store(running, unique("hl7v2"), notificationConfigs=[{"pubsubTopic": topic}])
    with listening() as partner, adapter(running, store, *sent_to(subscription, partner)) as made:
        partner.codes.append(b"AE")
        with Sender(made.port) as sender:
            sender.send(message(1))
        assert partner.wait_for(2) == [message(1), message(1)]
        assert "1 sent, 1 attempts failed" in made.stop()


def sent_to(subscription: str, partner: Partner) -> tuple[str, ...]:
    """The options of an adapter that sends to a partner what a subscription names."""
    return "--subscription", subscription, "--send-to", f"127.0.0.1:{partner.port}"


def test_nothing_that_was_acknowledged_is_lost_and_nothing_is_there_twice(start_emulator: StartEmulator) -> None:
    """kill -9 of the emulator while messages arrive; who got no answer sends again, as devices do."""
    running = start_emulator()
    make_dataset(running)
    store = make_store(running, "hl7v2")
    numbers = itertools.count()
    acknowledged: set[int] = set()
    with adapter(running, store) as made:

        def device(_: int) -> None:
            sender = Sender(made.port)
            while (number := next(numbers)) < MESSAGES:
                while True:
                    try:
                        assert b"MSA|AA|" in sender.send(message(number))
                        break
                    except ConnectionError:
                        sender.close()
                        sender = Sender(made.port)
                acknowledged.add(number)
            sender.close()

        with ThreadPoolExecutor(4) as devices:
            done = [devices.submit(device, number) for number in range(4)]
            eventually(lambda: len(acknowledged) > MESSAGES // 3)
            running.kill()
            running.start()
            for each in done:
                each.result(PATIENCE * 10)
    sent = sorted(message(number) for number in range(MESSAGES))
    assert sorted(held(running, store)) == sent
    assert sorted(held(running, moved(running, store))) == sent


def moved(running: RunningEmulator, store: str) -> str:
    """Another store, with what is exported of one."""
    bucket = transfers.make_bucket(running, "mllp", "roles/storage.objectAdmin")
    transfers.run(running, store, "export", {"gcsDestination": {"uriPrefix": f"gs://{bucket}"}})
    other = make_store(running, "other")
    transfers.run(running, other, "import", {"gcsSource": {"uri": f"gs://{bucket}/**"}})
    return other


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--store", "here"), '--store "here" is not the name of an HL7v2 store'),
        (("--port", "70000"), "--port 70000 is not a port"),
        (("--host", "0.0.0.0"), "every sender needs a certificate"),  # noqa: S104 it is refused
        (("--tls-key", "key.pem"), "--tls-certificate and --tls-key belong together"),
        (("--tls-client-ca", "ca.pem"), "--tls-client-ca needs --tls-certificate"),
        (("--send-to", "host:1"), "--subscription and --send-to belong together"),
        (("--send-to", "host", "--subscription", f"projects/{PROJECT}/subscriptions/s"), "is no HOST:PORT"),
        (("--send-to", "host:1", "--subscription", "s"), "is not the name of a subscription"),
        (("--send-tls-ca", "ca.pem"), "--send-tls-ca needs --send-to"),
    ],
)
def test_wrong_use_is_one_sentence(running: RunningEmulator, options: tuple[str, ...], sentence: str) -> None:
    result = end(running, f"{DATASET}/hl7V2Stores/any", *options)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_what_can_t_be_served_is_one_sentence(running: RunningEmulator, store: str, tmp_path: Path) -> None:
    missing = end(running, f"{DATASET}/hl7V2Stores/missing")
    assert (missing.returncode, "missing can't be used" in missing.stderr) == (1, True)
    nowhere = end(running, store, "--state", str(tmp_path / "none"))
    assert (nowhere.returncode, "No emulator runs" in nowhere.stderr) == (1, True)
    taken = end(running, store, "--port", str(running.port))
    assert (taken.returncode, f"Port {running.port} can't be listened on" in taken.stderr) == (1, True)
    key = end(running, store, "--tls-certificate", str(tmp_path / "no"), "--tls-key", str(tmp_path / "no"))
    assert (key.returncode, "can't be used" in key.stderr) == (1, True)


def end(running: RunningEmulator, store: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What an adapter says that ends at once."""
    line = command(running, store, *options)
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)

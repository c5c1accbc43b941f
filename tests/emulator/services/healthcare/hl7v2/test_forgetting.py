"""Deleted messages stay as long as a rollback could bring them back, and no longer."""

from emulator.services.healthcare.hl7v2 import forgetting, keeping, stored
from emulator.services.healthcare.hl7v2.stored import State
from emulator.services.healthcare.transfer.rollbacks import DAY, DAYS
from tests.emulator.conftest import InProcess
from tests.emulator.services.healthcare.hl7v2.test_messages import sent

STORE = "projects/unit-project/locations/us-central1/datasets/d/hl7V2Stores/s"


def test_what_was_deleted_too_long_ago_is_forgotten(in_process: InProcess) -> None:
    emulator = in_process.emulator
    now = int(emulator.clock.seconds() * 1_000_000)
    dataset = STORE.rpartition("/hl7V2Stores/")[0]
    in_process.write(lambda tx: emulator.resources.insert(tx, "healthcare.datasets", dataset, "", {}))
    in_process.write(lambda tx: emulator.resources.insert(tx, stored.KIND, STORE, dataset, {}))
    store = stored.opened(emulator, STORE)
    for number, deleted in enumerate((None, now - (DAYS - 1) * DAY, now - (DAYS + 1) * DAY)):
        ready = keeping.made_ready(store, sent(number), {})
        key = in_process.write(stored.key_in, STORE)
        made = State(live=True, changed=1, created=1, operation="", labels="{}")
        row = in_process.write(keeping.put, key, ready, key.id_of(ready.body.raw), made, None)
        if deleted is not None:
            in_process.write(keeping.delete, row, deleted)
    assert in_process.run(forgetting.forget(emulator)) == {"messages": 1}
    assert in_process.run(forgetting.forget(emulator)) == {"messages": 0}
    for table, left in (("messages", 2), ("bodies", 2), ("patients", 2), ("past", 1)):
        (count,) = emulator.db.all(f"SELECT count(*) FROM hl7v2_{table}")[0]
        assert (table, count) == (table, left)

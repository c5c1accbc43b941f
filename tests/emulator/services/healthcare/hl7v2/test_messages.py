"""messages.get, batchGet, list, patch and delete."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from emulator.services.healthcare.hl7v2.messages import BATCH
from tests.emulator.hl7v2.samples import ADMISSION, GOOGLE
from tests.emulator.services.healthcare.hl7v2.conftest import Hl7V2Store

Make = Callable[..., Hl7V2Store]
WHOLE = {"name", "data", "sendFacility", "sendTime", "messageType", "createTime", "labels", "patientIds", "parsedData"}
"""The fields of a message in a store without a schema."""


def sent(number: int, kind: str = "ADT", facility: str = "FAC", time: str = "20200101000000") -> bytes:
    """A message that differs from others by its control id."""
    return f"MSH|^~\\&|APP|{facility}|||{time}||{kind}^X01|{number}|P|2.5\rPID|1||{number}^^^^MR\r".encode()


def code_of(caught: pytest.ExceptionInfo[HttpError]) -> int:
    """The HTTP status of an error."""
    return int(caught.value.resp.status)


@pytest.fixture(scope="module")
def beta(google_api: Callable[[str, str], Any]) -> Any:
    """Cloud Healthcare v1beta1 of the running emulator."""
    return google_api("healthcare", "v1beta1")


@pytest.mark.parametrize(
    ("view", "left_out"),
    [
        ("FULL", set()),
        ("MESSAGE_VIEW_UNSPECIFIED", set()),
        ("RAW_ONLY", {"parsedData"}),
        ("PARSED_ONLY", {"data"}),
        ("SCHEMATIZED_ONLY", {"data", "parsedData"}),
        ("BASIC", WHOLE - {"name"}),
    ],
)
def test_view_says_what_is_shown(hl7v2: Hl7V2Store, view: str, left_out: set[str]) -> None:
    made = hl7v2.create(ADMISSION, labels={"a": "b"})
    assert made.keys() == WHOLE
    assert hl7v2.get(made["name"], view=view) == {key: made[key] for key in WHOLE - left_out}
    (listed,) = hl7v2.list(view=view)
    if view == "MESSAGE_VIEW_UNSPECIFIED":
        assert listed == {"name": made["name"]}
    else:
        assert listed == hl7v2.get(made["name"], view=view)


def test_pages_follow_each_other(hl7v2: Hl7V2Store) -> None:
    names = [hl7v2.create(sent(number))["name"] for number in range(5)]
    found: list[str] = []
    request = hl7v2.messages.list(parent=hl7v2.name, pageSize=2)
    while request is not None:
        answer = request.execute()
        assert len(answer["hl7V2Messages"]) <= 2
        found += [each["name"] for each in answer["hl7V2Messages"]]
        request = hl7v2.messages.list_next(request, answer)
    assert found == names


@pytest.mark.parametrize("order", ["send_time", "sendTime asc", "send_time desc"])
def test_order_is_by_send_time(hl7v2: Hl7V2Store, order: str) -> None:
    times = ["20200103", "", "20200101", "20200102", "20200102", "today"]
    names = [hl7v2.create(sent(number, time=time))["name"] for number, time in enumerate(times)]
    found: list[str] = []
    request = hl7v2.messages.list(parent=hl7v2.name, pageSize=1, orderBy=order)
    while request is not None:
        answer = request.execute()
        found += [each["name"] for each in answer["hl7V2Messages"]]
        request = hl7v2.messages.list_next(request, answer)
    wanted = [names[number] for number in (1, 5, 2, 3, 4, 0)]
    assert found == (wanted[::-1] if order.endswith("desc") else wanted)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [0, 1, 2, 3]),
        ('message_type = "ORU"', [2]),
        ('NOT message_type = "ADT"', [2]),
        ('send_facility = "north"', [0, 2]),
        ('send_date < "2020-01-02"', [0, 3]),
        ('sendDate = "2020-01-02"', [1, 2]),
        ('send_time >= "2020-01-02T00:00:00-05:00"', [1]),
        ('create_time > "2017-01-02T00:00:00-05:00"', [0, 1, 2, 3]),
        ('PatientId("3", "MR")', [3]),
        ('PatientId("3", "MRN")', []),
        ('labels."priority"="high"', [1, 2]),
        ('labels."priority":*', [1, 2, 3]),
        ('labels.priority = low AND NOT send_facility = "north"', [3]),
    ],
)
def test_filters_of_googles_pages(shelf: tuple[Hl7V2Store, list[str]], text: str, numbers: list[int]) -> None:
    store, names = shelf
    assert [each["name"] for each in store.list(filter=text)] == [names[number] for number in numbers]


@pytest.fixture(scope="module")
def shelf(healthcare: Any, dataset: str, unique: Callable[[str], str]) -> tuple[Hl7V2Store, list[str]]:
    """A store with four messages, and their names."""
    stores = healthcare.projects().locations().datasets().hl7V2Stores()
    name = stores.create(parent=dataset, hl7V2StoreId=unique("shelf"), body={}).execute()["name"]
    store = Hl7V2Store(name, stores)
    made = [
        store.create(sent(0, facility="NORTH WING")),
        store.create(sent(1, time="20200102120000"), labels={"priority": "high"}),
        store.create(sent(2, kind="ORU", facility="North", time="20200102010000"), labels={"priority": "high"}),
        store.create(sent(3), labels={"priority": "low"}),
    ]
    return store, [each["name"] for each in made]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"filter": "message_type != ADT"}, "write NOT"),
        ({"orderBy": "create_time"}, "orderBy"),
        ({"orderBy": "send_time up"}, "orderBy"),
        ({"pageToken": "x"}, "page token"),
        ({"pageSize": -1}, "pageSize"),
    ],
)
def test_list_that_cant_be_read_is_a_400_that_says_why(
    hl7v2: Hl7V2Store, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(HttpError, match=words) as refused:
        hl7v2.list(**parameters)
    assert code_of(refused) == 400


def test_labels_are_merged(hl7v2: Hl7V2Store) -> None:
    made = hl7v2.create(GOOGLE, labels={"a": "1", "b": "2"})
    body = {"labels": {"b": "3", "c": "4"}, "data": "ignored"}
    changed = hl7v2.messages.patch(name=made["name"], updateMask="labels", body=body).execute()
    assert changed == {**made, "labels": {"a": "1", "b": "3", "c": "4"}} == hl7v2.get(made["name"])


@pytest.mark.parametrize(
    ("mask", "body", "words"),
    [
        (None, {"labels": {"a": "b"}}, "update_mask is required"),
        ("data", {"data": "TVNI"}, "only labels"),
        ("labels,data", {"labels": {}}, "only labels"),
        ("labels", {"labels": {"a" * 64: "b"}}, "label"),
        ("labels", {"labels": {f"k{number}": "" for number in range(65)}}, "at most 64"),
    ],
)
def test_only_labels_can_be_patched(hl7v2: Hl7V2Store, mask: str | None, body: dict[str, Any], words: str) -> None:
    made = hl7v2.create(GOOGLE)
    with pytest.raises(HttpError, match=words) as refused:
        hl7v2.messages.patch(name=made["name"], updateMask=mask, body=body).execute()
    assert code_of(refused) == 400
    assert hl7v2.get(made["name"]) == made


def test_deleted_message_is_gone(hl7v2: Hl7V2Store) -> None:
    made = hl7v2.create(GOOGLE)
    assert hl7v2.messages.delete(name=made["name"]).execute() == {}
    assert hl7v2.list() == []
    for method, parameters in (("get", {}), ("delete", {}), ("patch", {"updateMask": "labels", "body": {}})):
        with pytest.raises(HttpError) as gone:
            getattr(hl7v2.messages, method)(name=made["name"], **parameters).execute()
        assert code_of(gone) == 404
    assert hl7v2.create(GOOGLE, labels={"again": "yes"})["labels"] == {"again": "yes"}


def test_messages_are_got_by_their_ids_at_once(beta: Any, make_hl7v2: Make) -> None:
    store = make_hl7v2(client=beta)
    made = [store.create(sent(number)) for number in range(3)]
    ids = [each["name"].rpartition("/")[2] for each in made]
    found = store.messages.batchGet(parent=store.name, ids=ids[::-1]).execute()
    assert found == {"messages": [{"name": each["name"]} for each in made[::-1]]}
    whole = store.messages.batchGet(parent=store.name, ids=ids, view="FULL").execute()
    assert whole == {"messages": made}
    assert store.messages.batchGet(parent=store.name).execute() == {}
    with pytest.raises(HttpError) as missing:
        store.messages.batchGet(parent=store.name, ids=[*ids, "none"]).execute()
    assert code_of(missing) == 404
    with pytest.raises(HttpError, match="at most 100") as many:
        store.messages.batchGet(parent=store.name, ids=["x"] * (BATCH + 1)).execute()
    assert code_of(many) == 400


def test_store_that_is_not_there_is_a_404(hl7v2: Hl7V2Store) -> None:
    gone = Hl7V2Store(f"{hl7v2.name}-none", hl7v2.stores)
    for work in (lambda: gone.create(GOOGLE), lambda: gone.ingest(GOOGLE), gone.list):
        with pytest.raises(HttpError) as missing:
            work()
        assert code_of(missing) == 404
        assert json.loads(missing.value.content)["error"]["status"] == "NOT_FOUND"


def test_store_takes_its_messages_with_it(hl7v2: Hl7V2Store, dataset: str) -> None:
    first = hl7v2.create(GOOGLE)["name"]
    hl7v2.stores.delete(name=hl7v2.name).execute()
    hl7v2.stores.create(parent=dataset, hl7V2StoreId=hl7v2.name.rpartition("/")[2], body={}).execute()
    assert hl7v2.list() == []
    assert hl7v2.create(GOOGLE)["name"] != first

"""What is out for delivery: ordering keys, sizes, and messages that come again."""

from emulator.services.pubsub.queues import ANSWER_BYTES, PAGE, Entry, Lease, Policy, Queue, Stream


def messages_of(leases: list[Lease]) -> list[int]:
    return [lease.entry.message for lease in leases]


def ordered_queue(count: int = 4, policy: Policy | None = None) -> Queue:
    return Queue("s", policy or Policy(ordered=True), [Entry(i, "key", 10) for i in range(1, count + 1)])


def test_an_answer_holds_what_fits_and_at_least_one_message() -> None:
    queue = Queue("s", Policy(), [Entry(i, "", size) for i, size in enumerate((10, 10, ANSWER_BYTES, 10))])
    assert [messages_of(queue.take(10, 0)) for _ in range(4)] == [[0, 1], [2], [3], []]


def test_a_stream_gets_no_more_bytes_than_it_wants() -> None:
    queue = Queue("s", Policy(), [Entry(i, "", 40) for i in range(4)])
    stream = Stream(limit=0, byte_limit=100)
    first = queue.take(stream.room, 0, on_end=stream.release, room=stream.byte_room)
    stream.sent(first)
    assert messages_of(first) == [0, 1]
    second = queue.take(stream.room, 0, on_end=stream.release, room=stream.byte_room)
    stream.sent(second)
    assert messages_of(second) == [2]  # one is sent even if it does not fit, or a large one would never be
    assert stream.room == 0
    queue.acknowledge([first[0].ack_id, first[1].ack_id])
    assert (stream.room > 0, stream.outstanding_bytes) == (True, 40)


def test_a_message_given_back_brings_all_later_ones_of_its_key() -> None:
    """Pub/Sub: order messages, "Consistent redelivery"."""
    queue = ordered_queue()
    queue.add([Entry(5, "other", 10), Entry(6, "", 10)])
    leases = queue.take(10, 0)
    refused = queue.end(leases[1].ack_id)
    assert refused is not None
    followers = queue.followers([refused])
    queue.give_back([refused], 0, followers)
    assert queue.acknowledge([leases[2].ack_id]) == []  # that lease has ended
    assert messages_of(queue.take(10, 0)) == []  # message 1 of the key is still out
    assert [entry.message for entry in queue.acknowledge([leases[0].ack_id])] == [1]
    again = queue.take(10, 0)
    assert messages_of(again) == [2, 3, 4]
    assert [lease.entry.attempts for lease in again] == [2, 1, 1]  # the later ones were not refused themselves


def test_later_messages_come_again_though_they_were_acknowledged() -> None:
    """Pub/Sub: order messages: "every subsequent message with the same ordering key, including acknowledged ones"."""
    queue = ordered_queue()
    leases = queue.take(10, 0)
    assert queue.acknowledge([leases[1].ack_id, leases[2].ack_id]) == []
    refused = queue.end(leases[0].ack_id)
    assert refused is not None
    queue.give_back([refused], 0, queue.followers([refused]))
    assert messages_of(queue.take(10, 0)) == [1, 2, 3, 4]


def test_acknowledged_messages_are_forgotten_once_all_earlier_ones_are() -> None:
    queue = ordered_queue()
    leases = queue.take(10, 0)
    assert queue.acknowledge([leases[2].ack_id]) == []
    assert queue.acknowledge([leases[1].ack_id]) == []
    assert sorted(entry.message for entry in queue.acknowledge([leases[0].ack_id])) == [1, 2, 3]
    assert [entry.message for entry in queue.acknowledge([leases[3].ack_id])] == [4]


def test_a_lease_that_runs_out_brings_the_later_ones_too() -> None:
    queue = ordered_queue(policy=Policy(ordered=True, ack_deadline=10))
    leases = queue.take(10, 0)
    for lease in leases[1:]:
        queue.extend(lease.ack_id, 100)
    late = queue.tick(11)
    queue.give_back(late, 11, queue.followers(late))
    assert messages_of(queue.take(10, 11)) == [1, 2, 3, 4]


def test_a_key_waits_while_its_message_backs_off() -> None:
    queue = ordered_queue(policy=Policy(ordered=True, minimum_backoff=10))
    queue.add([Entry(5, "other", 10)])
    [first] = queue.take(1, 0)
    refused = queue.end(first.ack_id)
    assert refused is not None
    queue.give_back([refused], 0, queue.followers([refused]))
    assert messages_of(queue.take(10, 5)) == [5]
    assert queue.tick(10) == []
    assert messages_of(queue.take(10, 10)) == [1, 2, 3, 4]


def test_messages_without_a_key_are_each_for_themselves() -> None:
    queue = Queue("s", Policy(ordered=True), [Entry(i, "", 10) for i in range(3)])
    leases = queue.take(10, 0)
    refused = queue.end(leases[0].ack_id)
    assert refused is not None
    assert queue.followers([refused]) == []
    assert [entry.message for entry in queue.acknowledge([leases[2].ack_id])] == [2]


def test_what_comes_again_takes_its_place_in_a_long_backlog() -> None:
    queue = Queue("s", Policy(), [Entry(i, "", 10) for i in range(1000)])
    leases = queue.take(500, 0)
    given = [entry for lease in leases[::-2] if (entry := queue.end(lease.ack_id)) is not None]
    queue.give_back(given, 0)
    assert messages_of(queue.take(1000, 0)) == sorted([lease.entry.message for lease in leases[::-2]]) + list(
        range(500, 1000)
    )


def test_a_message_that_is_held_keeps_back_what_follows_it_in_order() -> None:
    queue = Queue("s", Policy(ordered=True), [Entry(1, "a", 1), Entry(2, "a", 1), Entry(3, "b", 1)])
    queue.hold(1, until=5.0)
    assert [lease.entry.message for lease in queue.take(10, now=0.0)] == [3]
    assert queue.tick(4.0) == []
    assert queue.take(10, now=4.0) == []
    queue.tick(5.0)
    assert [lease.entry.message for lease in queue.take(10, now=5.0)] == [1, 2]


def test_a_message_is_repeated_once_unless_delivery_is_exactly_once() -> None:
    for policy, again in ((Policy(), [7]), (Policy(exactly_once=True), [])):
        queue = Queue("s", policy, [Entry(7, "", 1)])
        queue.repeat(7, seconds=5.0)
        [lease] = queue.take(1, now=0.0)
        over = queue.repeated(queue.acknowledge([lease.ack_id]), now=0.0)
        assert [entry.message for entry in over] == [] if again else [7]
        queue.tick(5.0)
        second = queue.take(1, now=5.0)
        assert [each.entry.message for each in second] == again
        acknowledged = queue.acknowledge([each.ack_id for each in second])
        assert [entry.message for entry in queue.repeated(acknowledged, now=5.0)] == again


def test_a_long_backlog_is_read_a_page_at_a_time() -> None:
    queue = Queue("s", Policy(), [Entry(i, "", 10) for i in range(1, PAGE + 1)])
    assert not queue.wants_more
    queue.take(PAGE - 1, 0.0, room=PAGE * 100)
    assert (queue.wants_more, queue.newest) == (True, PAGE)
    queue.read_on([Entry(PAGE + 1, "", 10)])
    assert not queue.wants_more
    assert [lease.entry.message for lease in queue.take(10, 0.0)] == [PAGE, PAGE + 1]


def test_what_comes_before_a_long_backlog_is_read_waits_for_its_turn() -> None:
    queue = Queue("s", Policy(), [Entry(i, "", 10) for i in range(1, PAGE + 1)])
    queue.add([Entry(PAGE + 2, "", 10)])
    queue.read_on([Entry(PAGE + 1, "", 10), Entry(PAGE + 2, "", 10)])
    taken = queue.take(PAGE, 0.0, room=PAGE * 100)
    queue.add([Entry(PAGE + 2, "", 10), Entry(PAGE + 3, "", 10)])
    taken += queue.take(PAGE, 0.0, room=PAGE * 100)
    assert [lease.entry.message for lease in taken] == list(range(1, PAGE + 4))


def test_a_key_that_waits_keeps_no_other_key_of_a_long_backlog_waiting() -> None:
    queue = Queue("s", Policy(ordered=True), [Entry(i, "a", 10) for i in range(1, PAGE + 1)])
    assert len(queue.take(1, 0.0)) == 1
    assert queue.take(1, 0.0) == []
    assert queue.wants_more
    queue.read_on([Entry(PAGE + 1, "b", 10)])
    assert [lease.entry.key for lease in queue.take(1, 0.0)] == ["b"]


def test_a_seek_back_into_a_long_past_brings_what_follows_its_first_page() -> None:
    queue = Queue("s", Policy(), [Entry(PAGE * 5, "", 10)])
    queue.reset([Entry(i, "", 10) for i in range(1, PAGE + 1)])
    queue.take(PAGE, 0.0, room=PAGE * 100)
    assert (queue.wants_more, queue.newest) == (True, PAGE)


def test_messages_that_nobody_takes_stay_on_disk_beyond_a_page() -> None:
    queue = Queue("s", Policy(), [])
    for start in range(1, 2 * PAGE, 100):
        queue.add([Entry(number, "", 10) for number in range(start, start + 100)])
    assert (len(queue.ready), queue.newest) == (PAGE, PAGE)
    queue.take(PAGE, 0.0, room=PAGE * 100)
    assert queue.wants_more
    queue.read_on([Entry(number, "", 10) for number in range(PAGE + 1, 2 * PAGE)])
    queue.add([Entry(2 * PAGE, "", 10)])
    assert [lease.entry.message for lease in queue.take(PAGE, 0.0, room=PAGE * 100)] == list(
        range(PAGE + 1, 2 * PAGE + 1)
    )


def test_a_stream_is_late_from_when_its_leases_run_out_until_it_ends_one_itself() -> None:
    queue = Queue("s", Policy(), [Entry(i, "", 10) for i in range(2)])
    stream = Stream()
    queue.take(2, 0, 10, stream.release)
    queue.give_back(queue.tick(11), 11)
    assert stream.late
    first, _ = queue.take(2, 11, 10, stream.release)
    queue.acknowledge([first.ack_id])
    assert not stream.late

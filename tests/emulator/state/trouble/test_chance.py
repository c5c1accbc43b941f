"""Numbers that follow from a seed."""

import pytest

from emulator.state.trouble import chance


def test_a_number_follows_from_seed_and_names_alone() -> None:
    drawn = [chance.fraction(7, "storage.objects.get", "user:u", number) for number in range(1000)]
    assert drawn == [chance.fraction(7, "storage.objects.get", "user:u", number) for number in range(1000)]
    assert drawn != [chance.fraction(8, "storage.objects.get", "user:u", number) for number in range(1000)]
    assert all(0 <= each < 1 for each in drawn)
    assert sum(drawn) / 1000 == pytest.approx(0.5, abs=0.03)


def test_the_numbers_are_those_of_every_machine() -> None:
    # printf '1\x1fa\x1f2' | b2sum -l 64 gives a96fee4b8b89a6fb, of which the first 53 bits count.
    assert chance.fraction(1, "a", 2) == (0xA96FEE4B8B89A6FB >> 11) / 2**53
    assert chance.latency(0.5, 0.1, 0.4, 2.0) == pytest.approx(0.1)


def test_latencies_have_the_percentiles_that_are_asked_for() -> None:
    for part, seconds in ((0.5, 0.1), (0.95, 0.4), (0.99, 2.0)):
        assert chance.latency(part, 0.1, 0.4, 2.0) == pytest.approx(seconds)
    drawn = sorted(chance.latency(chance.fraction(3, number), 0.1, 0.4, 2.0) for number in range(10_000))
    assert drawn[5000] == pytest.approx(0.1, rel=0.05)
    assert drawn[9500] == pytest.approx(0.4, rel=0.1)
    assert drawn[9900] == pytest.approx(2.0, rel=0.2)
    assert drawn[-1] < 200

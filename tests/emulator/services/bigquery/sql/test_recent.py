"""What is kept of what was asked lately."""

from emulator.services.bigquery.sql.recent import Recent


def test_the_value_that_was_not_asked_for_longest_goes() -> None:
    recent = Recent[int](2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)


def test_a_value_that_is_kept_again_takes_the_place_of_the_old_one() -> None:
    recent = Recent[int](2)
    recent.put("a", 1)
    recent.put("a", 2)
    assert recent.get("a") == 2

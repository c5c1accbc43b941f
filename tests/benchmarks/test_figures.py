"""What is made of measurements: ratios round by round, beside their goals."""

import pytest

from benchmarks.figures import Figure, absent, in_turn, rates, speeds, table, waits


def test_rates_are_compared_round_by_round() -> None:
    figure = rates("STOW", (100.0, 300.0, 200.0), (50.0, 100.0, 200.0), goal=1.5)
    assert figure.values == (2.0, 3.0, 1.0)
    assert figure.median == 2.0
    assert figure.is_reached


def test_a_wait_that_is_too_long_misses_its_goal() -> None:
    assert waits("start", (3.0,), (1.0,), goal=1.5).is_reached is False


def test_speed_is_the_other_ones_seconds_to_ours() -> None:
    assert speeds("down", (1.0, 2.0), (3.0, 3.0)).values == (3.0, 1.5)


def test_the_one_who_begins_changes_from_round_to_round() -> None:
    begun: list[str] = []
    taken = in_turn(3, lambda: begun.append("ours"), lambda: begun.append("theirs"))
    assert begun == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert [len(each) for each in taken] == [3, 3]


@pytest.mark.parametrize(
    ("figure", "line"),
    [
        (
            rates("STOW", (90.0, 110.0), (100.0, 100.0), goal=0.9),
            "| STOW (100 to 100/s) | 1 x | 0.9 to 1.1 | at least 0.9 | yes |",
        ),
        (
            Figure("memory", (40.0,), 30, more_is_better=False, unit="MB"),
            "| memory | 40 MB |  | at most 30 | no |",
        ),
        (
            absent("WADO, beside nginx", "nginx ended instead of starting.", 0.9),
            "| WADO, beside nginx | - | nginx ended instead of starting. | at least 0.9 | |",
        ),
    ],
)
def test_a_row_says_median_spread_goal_and_whether_it_is_reached(figure: Figure, line: str) -> None:
    assert table([figure]).splitlines()[-1] == line

"""Results that are kept: of short texts only, and the same either way."""

from emulator.services.bigquery.sql.scalars.caching import LONGEST, cached


def test_short_texts_are_computed_once_and_long_ones_each_time() -> None:
    computed = []

    @cached(2)
    def double(text: str, times: int = 2) -> str:
        computed.append(text)
        return text * times

    long = "x" * (LONGEST + 1)
    assert [double("a"), double("a"), double(long), double(long)] == ["aa", "aa", long * 2, long * 2]
    assert computed == ["a", long, long]


def test_as_many_results_are_kept_as_wanted() -> None:
    computed = []

    @cached(1)
    def same(text: str) -> str:
        computed.append(text)
        return text

    for text in ("a", "b", "a"):
        assert same(text) == text
    assert computed == ["a", "b", "a"]

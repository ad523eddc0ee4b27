"""The grammar of verdicts on 1,299 labelled replies, half of them written without sight of it."""

import pytest

from tests.judges.parsers.labelled_replies import Row, outcome, read_rows


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_rows()


def test_the_list_is_large_and_half_of_it_is_from_outside(rows: list[Row]) -> None:
    assert len(rows) >= 1000
    assert 2 * sum(row.source == "outside" for row in rows) >= len(rows)
    assert 4 * sum(row.source == "own_templates" for row in rows) <= len(rows)


@pytest.mark.slow
def test_false_verdicts_are_rarer_than_one_in_two_hundred(rows: list[Row]) -> None:
    result = outcome(rows)
    assert result.upper_bound < 0.005, [(row.reply, verdict) for row, verdict in result.false]
    assert result.n_right / result.n >= 0.99, [row.reply for row in result.missed]


def test_the_bound_is_clopper_and_pearsons(rows: list[Row]) -> None:
    """Without a false verdict among n the bound is 1 - .05 ** (1 / n): .00498 for 600."""
    result = outcome(rows[:1])._replace(n=600, false=[])
    assert result.upper_bound == pytest.approx(1 - 0.05 ** (1 / 600))

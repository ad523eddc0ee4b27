"""The grammar of verdicts on 2,004 labelled replies, 1,295 of them written without sight of it."""

import pytest

from tests.judges.parsers.labelled_replies import Row, outcome, read_rows

MIN_REPLIES = {"outside": 650, "outside_adversarial": 645, "own_written": 669, "own_templates": 40}
MIN_SHARE_RIGHT = {"outside": 0.99, "outside_adversarial": 0.93, "own_written": 0.99, "own_templates": 0.99}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_rows()


def test_no_reply_has_left_the_list(rows: list[Row]) -> None:
    assert {row.source for row in rows} == set(MIN_REPLIES)
    for source, n_replies in MIN_REPLIES.items():
        assert sum(row.source == source for row in rows) >= n_replies, source
    assert 2 * sum(row.source.startswith("outside") for row in rows) >= len(rows)


@pytest.mark.slow
def test_false_verdicts_are_rarer_than_one_in_two_hundred(rows: list[Row]) -> None:
    by_source = {source: outcome([row for row in rows if row.source == source]) for source in MIN_REPLIES}
    for source, result in by_source.items():
        assert result.n_right / result.n >= MIN_SHARE_RIGHT[source], [row.reply for row in result.missed]
    for sources in (list(MIN_REPLIES), ["outside", "outside_adversarial"]):
        false = [mistake for source in sources for mistake in by_source[source].false]
        n_replies = sum(by_source[source].n for source in sources)
        result = by_source[sources[0]]._replace(n=n_replies, false=false)
        assert result.upper_bound < 0.005, [(row.reply, verdict) for row, verdict in false]


def test_a_wrong_label_is_counted_as_a_false_verdict(rows: list[Row]) -> None:
    """What the bound is made of notices a mistake: another verdict, one where there is none, and one that is missed."""
    (right,) = [row for row in rows if row.reply == "Verdict: Output (b)"][:1]
    (silent,) = [row for row in rows if row.verdict == "none" and row.kind == "pair_letters" and row.reply][:1]
    changed = [right, right._replace(verdict="first"), right._replace(verdict="none"), silent._replace(verdict="tie")]
    result = outcome(changed)
    assert (result.n, result.n_right, len(result.false), len(result.missed)) == (4, 1, 2, 1)


def test_the_bound_is_clopper_and_pearsons(rows: list[Row]) -> None:
    """Without a false verdict among n the bound is 1 - .05 ** (1 / n): .00498 for 600."""
    result = outcome(rows[:1])._replace(n=600, false=[])
    assert result.upper_bound == pytest.approx(1 - 0.05 ** (1 / 600))
    assert result._replace(n=1295, false=[(rows[0], "first")] * 3).upper_bound > 0.005

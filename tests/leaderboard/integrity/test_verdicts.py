"""What was judged, by whom, and what unparsed verdicts could change."""

from farm.leaderboard.integrity.verdicts import (
    coverage,
    other_annotator,
    other_reference,
    other_scale,
    unparsed_bounds,
    usual_instructions,
    usual_references,
)


def test_missing_and_extra_instructions_are_counted() -> None:
    asked = [str(k) for k in range(100)]
    assert coverage(asked, asked, "the track's") == []
    missing, extra = coverage([*asked[:94], "x"], asked, "the track's instructions")
    assert (missing.check, missing.n_rows, missing.is_severe) == ("missing_instructions", 6, True)
    assert (extra.check, extra.n_rows, extra.is_severe) == ("extra_instructions", 1, False)


def test_the_usual_instructions_are_those_of_most_models() -> None:
    assert usual_instructions([["a", "b"], ["a", "b"], ["a", "c"]]) == {"a", "b"}
    assert usual_instructions([["a"], ["b"]]) == set()


def test_another_text_of_the_reference_is_found() -> None:
    usual = usual_references([{"a": "one", "b": "two"}] * 2 + [{"a": "ONE", "b": "two"}])
    finding = other_reference({"a": "ONE", "b": "two"}, usual)
    assert finding is not None and (finding.n_rows, finding.is_severe) == (1, True)
    assert other_reference({"a": "one ", "b": "two"}, usual) is None


def test_another_annotator_and_another_scale_are_named() -> None:
    assert other_annotator("gpt4", "gpt4", 9) is None and other_annotator("gpt4", None, 9) is None
    finding = other_annotator("gpt4_fn", "gpt4", 9)
    assert finding is not None and "'gpt4_fn'" in finding.sentence
    assert other_scale(is_graded=True, is_expected=True, n_labels=1, n_rows=9) is None
    # The mean of three labels is a third, and no grade.
    assert other_scale(is_graded=True, is_expected=False, n_labels=3, n_rows=9) is None
    graded, plain = (other_scale(is_graded=g, is_expected=not g, n_labels=1, n_rows=9) for g in (True, False))
    assert graded is not None and plain is not None


def test_unparsed_verdicts_matter_where_the_rank_depends_on_them() -> None:
    scores = [1.0] * 50 + [0.0] * 48 + [None, None]
    # All lost: 50/100; all won: 52/100.
    near = unparsed_bounds(scores, {"near": 0.51, "far": 0.6})
    assert near is not None and "50.0%" in near.sentence and "52.0%" in near.sentence and "near" in near.sentence
    assert not near.is_severe and unparsed_bounds(scores, {"far": 0.6}) is None
    many = unparsed_bounds([1.0] * 90 + [None] * 10, {})
    assert many is not None and many.is_severe

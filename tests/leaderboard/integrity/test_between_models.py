"""Copies are told from models that agree by chance."""

from farm.leaderboard.integrity.between_models import duplicate_outputs, fingerprints, reference_itself

KEYS = [f"{k:02d}" for k in range(40)]
MINE = [f"My answer number {k} is a long one." for k in range(40)]
OTHER = [f"Another answer, {k}, of another model." for k in range(40)]


def test_a_byte_identical_file_is_found_in_any_order() -> None:
    first = fingerprints("a", KEYS, MINE)
    (finding,) = duplicate_outputs(first, [fingerprints("b", KEYS[::-1], MINE[::-1]), fingerprints("c", KEYS, OTHER)])
    assert finding.is_severe and finding.n_rows == 40 and "'b', byte for byte" in finding.sentence


def test_many_equal_outputs_are_severe_and_a_few_are_not() -> None:
    def with_copies(n: int) -> list[bool]:
        copy = fingerprints("copy", KEYS, [*MINE[:n], *OTHER[n:]])
        return [finding.is_severe for finding in duplicate_outputs(fingerprints("a", KEYS, MINE), [copy])]

    # 10% of 40 is 4, 50% is 20.
    assert [with_copies(n) for n in (3, 4, 19, 20)] == [[], [False], [False], [True]]


def test_short_answers_agree_by_chance() -> None:
    yes = ["Yes."] * 40
    assert duplicate_outputs(fingerprints("a", KEYS, yes), [fingerprints("b", KEYS, [*yes[:39], "No."])]) == []


def test_the_reference_against_itself_is_found() -> None:
    finding = reference_itself(MINE, [text + " " for text in MINE])
    assert finding is not None and finding.is_severe
    assert reference_itself(MINE, OTHER) is None

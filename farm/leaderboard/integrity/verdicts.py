"""What is odd about what was judged: instructions, the reference's texts, who judged, verdicts that are missing."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from farm.leaderboard.board import Finding
from farm.wording import listed

MANY = 0.05
"""Share from which on a finding is severe."""


def coverage(answered: Collection[str], asked: Collection[str], whose: str) -> list[Finding]:
    """Instructions that are missing or too many.

    Args:
        answered: keys of the instructions that the model's verdicts are about.
        asked: keys of those that it should be about.
        whose: in words, what those are.
    """
    missing, extra = set(asked) - set(answered), set(answered) - set(asked)
    found = []
    for check, keys, words in (
        ("missing_instructions", missing, f"of {whose} are not answered"),
        ("extra_instructions", extra, f"are none of {whose}"),
    ):
        if keys:
            sentence = f"{len(keys):,} instructions {words}, {len(set(asked)):,} in number"
            is_severe = len(keys) > MANY * len(set(asked))
            found.append(Finding(check=check, sentence=sentence, n_rows=len(keys), is_severe=is_severe))
    return found


def usual_instructions(models: Sequence[Collection[str]]) -> set[str]:
    """The instructions that more than half of several models answered; empty of fewer than three models."""
    counted = Counter(key for keys in models for key in set(keys))
    return {key for key, n in counted.items() if n > len(models) / 2} if len(models) >= 3 else set()


def other_reference(references: Mapping[str, str], usual: Mapping[str, str]) -> Finding | None:
    """Reference outputs that are not those that other models, or the track, were compared with.

    Args:
        references: the reference's text by instruction, of the model.
        usual: the same of the track.
    """
    shared = references.keys() & usual.keys()
    n_other = sum(" ".join(references[key].split()) != " ".join(usual[key].split()) for key in shared)
    if not n_other:
        return None
    sentence = (
        f"{n_other:,} of {len(shared):,} outputs were compared with another text of the reference than on the rest of "
        "the track"
    )
    return Finding(check="other_reference", sentence=sentence, n_rows=n_other, is_severe=n_other > MANY * len(shared))


def usual_references(models: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The commonest text of the reference for each instruction; empty of fewer than three models."""
    texts: dict[str, Counter[str]] = {}
    for model in models if len(models) >= 3 else ():
        for key, text in model.items():
            texts.setdefault(key, Counter())[text] += 1
    return {key: counted.most_common(1)[0][0] for key, counted in texts.items()}


def other_annotator(annotator: str, expected: str | None, n_rows: int) -> Finding | None:
    """Annotations by another annotator, or another version of its prompt, than the track's."""
    if expected is None or annotator == expected:
        return None
    sentence = f"judged by {annotator!r}, and the track is judged by {expected!r}: figures of the two do not compare"
    return Finding(check="other_annotator", sentence=sentence, n_rows=n_rows, is_severe=True)


def other_scale(*, is_graded: bool, is_expected: bool, n_labels: int, n_rows: int) -> Finding | None:
    """Graded preferences on a track of verdicts, or verdicts on a track of grades; means of several labels are no
    grades."""
    if is_graded == is_expected or (is_graded and n_labels > 1):
        return None
    said = "graded" if is_graded else "only 1, 2 and draws"
    counts = "wins and draws" if is_graded else "grades"
    sentence = f"preferences are {said}, and the track counts {counts}; both win rates are given"
    return Finding(check="other_scale", sentence=sentence, n_rows=n_rows, is_severe=is_graded)


def unparsed_bounds(scores: Sequence[float | None], others: Mapping[str, float]) -> Finding | None:
    """Unparsed verdicts that could change the ranking if all of them were losses, or all of them wins.

    Args:
        scores: of the model, in [0, 1]; None = unparsed.
        others: win rates of the other models of the table, by name.
    """
    parsed = [score for score in scores if score is not None]
    n_unparsed = len(scores) - len(parsed)
    if not n_unparsed:
        return None
    low, high = sum(parsed) / len(scores), (sum(parsed) + n_unparsed) / len(scores)
    passed = sorted(name for name, rate in others.items() if low <= rate <= high)
    share = n_unparsed / len(scores)
    if not passed and share <= MANY:
        return None
    reach = f"; its rank against {listed(passed, 3)} depends on them" if passed else ""
    sentence = (
        f"{n_unparsed:,} of {len(scores):,} verdicts are unparsed: were all of them losses the win rate would be "
        f"{100 * low:.1f}%, were all of them wins {100 * high:.1f}%{reach}"
    )
    return Finding(check="unparsed", sentence=sentence, n_rows=n_unparsed, is_severe=share > MANY)

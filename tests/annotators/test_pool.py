"""Pools: weights, orders, samples, threads, duplicates; and the draws that published tables rest on."""

import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from farm.annotators.annotator import SimulatedAnnotator, drawn_judge, judge_shares
from farm.annotators.presentation import ONCE, Presentation
from farm.calls.request import NO_CALLS, Calls, NoCalls
from farm.config.compose import expand
from farm.errors import UserError
from farm.judges.baselines import BaselineJudge
from farm.judges.judge import FixedPanel
from farm.options.run import plan
from farm.pocket.dataset import PocketDataset
from farm.records import Comparison, Preference, Verdict

FIRST, SECOND = Preference.FIRST, Preference.SECOND
COMPARISONS = [
    Comparison(instruction=f"question {i}", output_1=f"answer {i}", output_2=f"reply {i}" + "!" * (i % 3))
    for i in range(3000)
]
BOTH = Presentation(orders="both", n_samples=3, sample_conflict="average", order_conflict="average")


@dataclass(frozen=True, kw_only=True)
class NotingJudge:
    """Notes what it is asked; prefers what is shown first in its first `n_loyal` samples."""

    name: str
    n_loyal: int = 100
    before: Callable[[], object] = lambda: time.sleep(random.random() / 200)  # whoever is first must not matter
    seen: list[tuple[str, int, int]] = field(default_factory=list)
    """(instruction, first shown, sample)"""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,  # noqa: ARG002
        *,
        sample: int = 0,
        calls: Calls = NO_CALLS,  # noqa: ARG002
    ) -> list[Verdict]:
        self.before()
        self.seen.extend((c.instruction, shown, sample) for c, shown in zip(comparisons, first_shown, strict=True))
        return [
            Verdict(
                preference=FIRST if (shown == 1) == (sample < self.n_loyal) else SECOND, raw_reply=f"{shown}{sample}"
            )
            for shown in first_shown
        ]


def pool(
    *judges: NotingJudge | BaselineJudge, presentation: Presentation = ONCE, **weights: float
) -> SimulatedAnnotator:
    return SimulatedAnnotator(
        name="pool", arm="pool", panel=FixedPanel(judges=judges), noise=(), presentation=presentation, weights=weights
    )


def test_weights_are_respected() -> None:
    judges = [BaselineJudge(name=name, rule="random") for name in ("often", "seldom", "never")]
    drawn = Counter(
        a.judge for a in pool(*judges, often=3, never=0).annotate(COMPARISONS, (), 1, with_noise=True, calls=NO_CALLS)
    )
    assert drawn["never"] == 0
    # 3 : 1 of 3,000; four standard errors are 4 * sqrt(.75 * .25 / 3000) = .032
    assert drawn["often"] / 3000 == pytest.approx(0.75, abs=0.032)


def test_equal_weights_draw_as_no_weights_do() -> None:
    draws = [(k + 0.5) / 977 for k in range(977)]
    assert [drawn_judge(d, [2.0, 2.0, 2.0]) for d in draws] == [int(d * 3) for d in draws]
    assert [drawn_judge(d, [1.0, 2.0, 1.0]) for d in (0.0, 0.249, 0.25, 0.749, 0.75, 1.0)] == [0, 0, 1, 1, 2, 2]


def test_weights_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UserError, match=r"no judge 'gpt' in the panel; it has a, b"):
        judge_shares(["a", "b"], {"gpt": 1.0})
    with pytest.raises(UserError, match="not all 0"):
        judge_shares(["a"], {"a": 0.0})
    with pytest.raises(UserError, match="at least 0"):
        judge_shares(["a", "b"], {"a": -1.0})


def test_one_order_is_drawn_and_recorded() -> None:
    judge = NotingJudge(name="j")
    annotations = pool(judge).annotate(COMPARISONS[:400], (), 1, with_noise=True, calls=NO_CALLS)
    assert dict(Counter(shown for _, shown, _ in judge.seen)).keys() == {1, 2}
    assert [(c.instruction, a.first_shown, 0) for c, a in zip(COMPARISONS, annotations, strict=False)] == judge.seen
    assert all(a.preference == (FIRST if a.first_shown == 1 else SECOND) for a in annotations)


def test_an_annotator_can_draw_as_another_does() -> None:
    judges = [NotingJudge(name="a"), NotingJudge(name="b")]
    pool(*judges).annotate(COMPARISONS[:200], (), 1, with_noise=True, calls=NO_CALLS)
    asked = [list(judge.seen) for judge in judges]
    for judge in judges:
        judge.seen.clear()
    replace(pool(*judges), name="other", same_draws_as="pool").annotate(
        COMPARISONS[:200], (), 1, with_noise=True, calls=NO_CALLS
    )
    assert [judge.seen for judge in judges] == asked
    replace(pool(*judges), name="other").annotate(COMPARISONS[:200], (), 1, with_noise=True, calls=NO_CALLS)
    assert [judge.seen[200:] for judge in judges] != asked


def test_both_orders_are_asked_k_times_and_a_position_bias_cancels() -> None:
    judge = NotingJudge(name="j")
    (annotation,) = pool(judge, presentation=BOTH).annotate(COMPARISONS[:1], (), 1, with_noise=True, calls=NO_CALLS)
    assert sorted(judge.seen) == [("question 0", shown, sample) for shown in (1, 2) for sample in (0, 1, 2)]
    assert (annotation.preference, annotation.p_first, annotation.first_shown) == (Preference.TIE, 0.5, 0)
    assert json.loads(annotation.raw_reply) == ["10", "11", "12", "20", "21", "22"]


def test_rules_for_conflicts_reach_the_annotation() -> None:
    for rule, expected in (("average", FIRST), ("tie", Preference.TIE), ("drop", None)):
        presentation = replace(BOTH, orders="random", sample_conflict=rule)
        # Two of three samples go by the position, the third says the opposite.
        annotations = pool(NotingJudge(name="j", n_loyal=2), presentation=presentation).annotate(
            COMPARISONS[:50], (), 1, with_noise=True, calls=NO_CALLS
        )
        shown_first = next(a for a in annotations if a.first_shown == 1)
        assert shown_first.preference is expected
        assert bool(shown_first.unparsed_reason) == (expected is None)


@pytest.mark.parametrize("presentation", [ONCE, BOTH])
def test_verdicts_depend_neither_on_threads_nor_on_the_batch(presentation: Presentation) -> None:
    judges = [NotingJudge(name=f"judge {k}", n_loyal=k) for k in range(5)]
    annotator = pool(*judges, presentation=presentation)
    alone = annotator.annotate(COMPARISONS[:120], (), 1, with_noise=True, calls=NO_CALLS)
    for _ in range(3):
        assert annotator.annotate(COMPARISONS[:120], (), 1, with_noise=True, calls=NoCalls()) == alone
    assert annotator.annotate(COMPARISONS[119::-1], (), 1, with_noise=True, calls=NoCalls()) == alone[::-1]


@pytest.mark.parametrize("presentation", [ONCE, BOTH])
def test_swapping_the_outputs_swaps_the_verdict(presentation: Presentation) -> None:
    judges = [NotingJudge(name="loyal"), *(BaselineJudge(name=rule, rule=rule) for rule in ("longest", "random"))]  # type: ignore[arg-type]
    annotator = pool(*judges, presentation=presentation)
    there = annotator.annotate(COMPARISONS[:300], (), 1, with_noise=True, calls=NO_CALLS)
    swapped = [replace(c, output_1=c.output_2, output_2=c.output_1) for c in COMPARISONS[:300]]
    back = annotator.annotate(swapped, (), 1, with_noise=True, calls=NO_CALLS)
    assert [a.preference for a in back] == [a.preference and a.preference.swapped for a in there]


def test_judges_are_asked_side_by_side() -> None:
    barrier = threading.Barrier(6, timeout=10)

    # The barrier lets nobody pass unless all six questions, three judges in two orders, are open at the same time.
    judges = [NotingJudge(name=name, before=barrier.wait) for name in "abc"]
    annotator = pool(*judges, presentation=replace(BOTH, n_samples=1))
    assert len(annotator.annotate(COMPARISONS[:200], (), 1, with_noise=True, calls=NoCalls())) == 200


def test_a_pair_that_stands_twice_is_asked_about_once_and_equal_outputs_never() -> None:
    judge = NotingJudge(name="j")
    same = replace(COMPARISONS[1], output_2=COMPARISONS[1].output_1)
    annotations = pool(judge).annotate([COMPARISONS[0], same, COMPARISONS[0]], (), 1, with_noise=True, calls=NO_CALLS)
    assert len(judge.seen) == 1
    assert annotations[0] == annotations[2]
    assert (annotations[1].preference, annotations[1].p_first, annotations[1].judge) == (Preference.TIE, 0.5, "j")


def test_a_judge_that_fails_is_heard() -> None:
    def fail() -> None:
        raise UserError("no key")

    annotator = pool(NotingJudge(name="a"), NotingJudge(name="failing", before=fail))
    with pytest.raises(UserError, match="no key"):
        annotator.annotate(COMPARISONS[:50], (), 1, with_noise=True, calls=NoCalls())


def test_the_pocket_worlds_annotators_draw_as_ever() -> None:
    """Hashes from before pools had weights and orders: published tables rest on these draws."""
    splits = PocketDataset(
        name="pocket", n_demonstrations=400, n_preference=60, n_unlabeled=10, n_evaluation=200, n_validation=0,
        expert_share=0.5, seed=0,
    ).load()  # fmt: skip
    pairs = [
        Comparison(instruction=o.instruction, input=o.input, output_1=o.output, output_2=d.output)
        for o, d in zip(splits.evaluation, splits.demonstrations, strict=False)
    ]
    hashes = {}
    for name in ("crowd", "pool", "crowd_flip25", "single"):
        (planned,) = expand("config", [f"annotator={name}"], plan, is_multirun=False)
        labels = planned.chain.annotator.annotate(pairs, (), 7, with_noise=True, calls=NO_CALLS)
        text = "\n".join(
            f"{a.judge}|{a.first_shown}|{a.clean_preference}|{a.preference}|{a.worker}|{a.is_noised}|"
            f"{'' if a.clean_preference is Preference.TIE else a.p_first}"
            for a in labels
        )
        hashes[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert hashes == {
        "crowd": "9626fdccccd3cc27",
        "pool": "3d4372fed24854d3",
        "crowd_flip25": "0b7ff3b28ed23452",
        "single": "78696d9ea0b7e351",
    }

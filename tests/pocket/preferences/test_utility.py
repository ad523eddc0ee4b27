"""The true utility on examples worked by hand, and its laws."""

import random
import statistics

import pytest

from farm.pocket.language.drafts import draw_text
from farm.pocket.language.grammar import UnknownInstructionError, draw_request
from farm.pocket.language.writers import EXPERT, SLOPPY, write
from farm.pocket.preferences.utility import WEIGHTS, PocketUtility, assess, utility_of
from farm.records import Output

FOX = "Where does the fox live?"


def criteria(instruction: str, output: str, input: str = "") -> dict[str, float]:
    return dict(zip(WEIGHTS, assess(instruction, input, output).criteria, strict=True))


def changed(instruction: str, before: str, after: str) -> set[str]:
    first, second = criteria(instruction, before), criteria(instruction, after)
    return {name for name in WEIGHTS if first[name] != second[name]}


def test_a_plain_right_answer_worked_by_hand() -> None:
    # 3 (correct) + 1.2 (no constraint to break) + 1 (fluent); no detail, no courtesy, nothing false, nothing twice.
    assert utility_of(FOX, "", "The fox lives in the forest.") == pytest.approx(5.2)
    # One detail: 1.2 x 1/2; one courteous phrase: .8 x .6.
    text = "Gladly! The fox lives in the forest. It eats meat."
    assert utility_of(FOX, "", text) == pytest.approx(5.2 + 0.6 + 0.48)
    # Wrong: nothing for correctness, and it is a falsehood.
    assert utility_of(FOX, "", "The fox lives in the river.") == pytest.approx(5.2 - 3.0 - 1.0)


def test_the_other_families_worked_by_hand() -> None:
    # Three right ones of three; one intruder takes one away: (2 - 1) / 3.
    fish = "List three animals that eat fish."
    assert criteria(fish, "The bear, the heron and the otter.")["correctness"] == 1.0
    assert criteria(fish, "The bear, the heron and the fox.")["correctness"] == pytest.approx(1 / 3)
    # Two neighbours in order of the two pairs that there are; none in order; one item missing: one pair of two.
    order = "Sort by price, lowest first: plum 7, bread 3, bean 5."
    assert criteria(order, "Bread 3, bean 5, plum 7.")["correctness"] == 1.0
    assert criteria(order, "Plum 7, bean 5, bread 3.")["correctness"] == 0.0
    assert criteria(order, "Bread 3, plum 7.")["correctness"] == 0.5
    assert criteria(order, "Bread 3, bean 9, plum 7.")["falsehood"] == 1.0
    # A letter: name, event and day a sixth each, the stance one half.
    letter = "Write to Emma, who invites you to the picnic on Friday. Say no."
    assert criteria(letter, "Dear Emma, I cannot come to the picnic on Friday.")["correctness"] == 1.0
    assert criteria(letter, "Dear Emma, I will come to the picnic on Friday.")["correctness"] == pytest.approx(0.5)
    assert criteria(letter, "Dear Emma, I cannot come to the picnic on Sunday.")["correctness"] == pytest.approx(5 / 6)
    # Two questions, one right.
    two = "What does the fox eat, and where does Leo live?"
    assert criteria(two, "The fox eats meat, and Leo lives in Elm.")["correctness"] == 1.0
    assert criteria(two, "Meat, Dale.")["correctness"] == 0.5
    # A description wants two true things; a third is information.
    about = criteria("Describe the fox.", "The fox has fur and is small. It eats meat.")
    assert (about["correctness"], about["information"]) == (1.0, 0.5)


FOREST = "The fox lives in the forest."


@pytest.mark.parametrize(
    ("instruction", "before", "after", "lowered"),
    [
        (FOX, FOREST, f"{FOREST} It has wool.", "falsehood"),
        (FOX, FOREST, f"{FOREST} Look it up yourself.", "courtesy"),
        (FOX, FOREST, f"{FOREST} {FOREST}", "repetition"),
        (FOX, FOREST, "The fox lives the in forest. The forest.", "fluency"),
        (f"{FOX} End with a question.", "Forest. Shall I tell you more?", "Forest.", "constraint"),
        (f"{FOX} Begin with the word Well.", "Well, the fox lives in the forest.", FOREST, "constraint"),
        (f"{FOX} Use at most 8 words.", FOREST, f"{FOREST} It is what it is.", "constraint"),
    ],
)
def test_a_planted_fault_changes_exactly_its_criterion(instruction: str, before: str, after: str, lowered: str) -> None:
    assert changed(instruction, before, after) == {lowered}
    assert utility_of(instruction, "", after) < utility_of(instruction, "", before)


def test_gushing_is_worse_than_courtesy() -> None:
    kind = "Of course! The fox lives in the forest. I hope this helps."
    gushing = f"Of course! Gladly! With pleasure. Certainly! Thank you for asking. {FOREST} I hope this helps."
    assert criteria(FOX, kind)["courtesy"] == 1.0
    assert criteria(FOX, gushing)["courtesy"] < 0.0


def test_the_expert_is_better_than_the_sloppy_writer() -> None:
    rng = random.Random(5)
    requests = [draw_request(rng) for _ in range(800)]
    expert, sloppy = (
        [utility_of(r.instruction, r.input, write(r.task, habits, rng)) for r in requests]
        for habits in (EXPERT, SLOPPY)
    )
    assert statistics.mean(expert) > statistics.mean(sloppy) + 2.0
    assert sum(e > s for e, s in zip(expert, sloppy, strict=True)) / len(requests) > 0.8


def test_every_criterion_stays_in_its_range_for_any_draft_and_any_text() -> None:
    rng = random.Random(6)
    for _ in range(1500):
        request = draw_request(rng)
        text = rng.choice(
            (draw_text(request.task, rng), "", "!!!", "zebra \u00e9\u00e9 the the the", "the fox is 3 lowest")
        )
        values = dict(zip(WEIGHTS, assess(request.instruction, request.input, text).criteria, strict=True))
        assert all(0.0 <= values[name] <= 1.0 for name in WEIGHTS if name not in ("courtesy", "falsehood"))
        assert -1.8 <= values["courtesy"] <= 1.0 and values["falsehood"] in (0.0, 1.0, 2.0)


def test_undamaged_answers_of_the_writers_are_fluent() -> None:
    rng = random.Random(7)
    requests = [draw_request(rng) for _ in range(500)]
    values = [criteria(r.instruction, write(r.task, EXPERT, rng), r.input)["fluency"] for r in requests]
    assert statistics.mean(values) > 0.98


def test_utilities_need_only_the_words_and_refuse_other_instructions() -> None:
    right = Output(instruction=FOX, output="The fox lives in the forest.", generator="anybody")
    assert PocketUtility().utilities([right]) == [pytest.approx(5.2)]
    with pytest.raises(UnknownInstructionError):
        PocketUtility().utilities([Output(instruction="Write a poem.", output="No.", generator="anybody")])

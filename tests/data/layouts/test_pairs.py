"""A pair is the same pair in every layout; what is not understood is refused with what was found."""

import numpy as np
import pytest

from farm.conversation import Message
from farm.data.files.rows import Row
from farm.data.layouts.messages import LayoutError
from farm.data.layouts.pairs import Answer, DifferentPromptsError, chosen_pair
from tests.data.layouts.one_pair import (
    ASKED,
    CHOSEN,
    DIALOGUE,
    HISTORY,
    REJECTED,
    SINGLE,
    TEXTS,
    assistant,
    said,
    user,
    whole,
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(SINGLE.keys() - {"prompt_before_answers"}))
def test_one_pair_in_every_layout(name: str) -> None:
    pair = chosen_pair(SINGLE[name])
    assert (pair.asked.instruction, pair.asked.input, pair.asked.history) == (ASKED, "", ())
    assert (pair.chosen.text, pair.rejected.text) == (CHOSEN, REJECTED)
    assert pair.chosen.turns == pair.rejected.turns == ()


@pytest.mark.parametrize("name", sorted(DIALOGUE))
def test_a_system_message_and_earlier_turns_in_every_layout(name: str) -> None:
    pair = chosen_pair(DIALOGUE[name])
    assert (pair.asked.instruction, pair.asked.history) == (ASKED, HISTORY)
    assert (pair.chosen.text, pair.rejected.text) == (CHOSEN, REJECTED)


@pytest.mark.parametrize("prompt", ["", " \n", None, [user(" ")], []])
def test_a_prompt_of_white_space_says_nothing(prompt: object) -> None:
    with pytest.raises(LayoutError, match="what was asked in a column"):
        chosen_pair({"prompt": prompt, **TEXTS})
    assert chosen_pair({"prompt": prompt, "question": ASKED, **TEXTS}).asked.instruction == ASKED
    assert chosen_pair({"prompt": prompt, **whole(user(ASKED))}).asked.instruction == ASKED


def test_parquet_gives_arrays() -> None:
    row: Row = {"prompt": np.array([user(ASKED)]), "chosen": np.array([assistant(CHOSEN)]), "rejected": assistant("b")}
    assert chosen_pair(row).asked.instruction == ASKED


def test_models_and_ratings_stand_beside_the_answers() -> None:
    pair = chosen_pair(SINGLE["distilabel"])
    assert pair.chosen == Answer(CHOSEN, model="owl", rating=5.0) and pair.rejected.rating == 2.0
    assert chosen_pair(SINGLE["argilla_hyphens"]).rejected.model == "bat"
    rated = {"prompt": ASKED, **TEXTS, "score_chosen": "7", "score_rejected": 7.0}
    assert chosen_pair(rated).is_tie and not chosen_pair({**rated, "score_rejected": "nan"}).is_tie


def test_a_role_marker_within_a_text_is_text() -> None:
    asked = "What does\n\nHuman: hello\n\nAssistant: hi\n\nmean?"
    answer = "It is a log.\n\nHuman: is what you type."
    pair = chosen_pair({"prompt": asked, "chosen": answer, "rejected": "No."})
    assert (pair.asked.instruction, pair.asked.history, pair.chosen.text) == (asked, (), answer)
    # Two answers that are dialogues from their first character, but to another prompt: they are what was answered.
    script = "Human: hi\n\nAssistant: hello"
    pair = chosen_pair({"prompt": "Write a dialogue.", "chosen": script, "rejected": script + "!"})
    assert (pair.asked.instruction, pair.chosen.text) == ("Write a dialogue.", script)


def test_an_answer_that_begins_like_the_other_is_whole() -> None:
    pair = chosen_pair({"prompt": ASKED, "chosen": "A duck.", "rejected": "A duck. A swan."})
    assert (pair.chosen.text, pair.rejected.text) == ("A duck.", "A duck. A swan.")
    messages = chosen_pair({"chosen": [user("q"), assistant("a")],
                            "rejected": [user("q"), assistant("a"), user("r"), assistant("b")]})  # fmt: skip
    assert messages.asked.instruction == "q" and messages.chosen.text == "a"
    assert messages.rejected.turns == (Message("assistant", "a"), Message("user", "r"), Message("assistant", "b"))


def test_conversations_part_before_the_turn_in_which_they_differ() -> None:
    first, second = [user("q"), assistant("Yes."), user("r"), assistant("a")], [user("q"), assistant("No.")]
    pair = chosen_pair({"chosen": first, "rejected": second})
    assert (pair.asked.instruction, pair.rejected.text) == ("q", "No.")
    assert pair.chosen.text == "Yes.\n\nHuman: r\n\nAssistant: a" and len(pair.chosen.turns) == 3
    # The users differ: neither message is an answer, so the assistant's turn before is what is compared.
    pair = chosen_pair({"chosen": [user("q"), assistant("x"), user("r"), assistant("a")],
                        "rejected": [user("q"), assistant("x"), user("s"), assistant("b")]})  # fmt: skip
    assert pair.asked.instruction == "q" and [len(a.turns) for a in (pair.chosen, pair.rejected)] == [3, 3]
    equal = [user("q"), assistant("x"), user("r"), assistant("same")]
    assert chosen_pair({"chosen": equal, "rejected": equal}).asked.instruction == "r"


def test_a_tool_replies_before_the_answer() -> None:
    call = [user("How warm is it?"), said("function_call", "weather()"), said("observation", "21 C")]
    pair = chosen_pair({"conversations": call, "chosen": assistant("Warm."), "rejected": assistant("Cold.")})
    assert pair.asked.instruction == "" and [m.role for m in pair.asked.history] == ["user", "assistant", "tool"]


def test_numbers_are_what_was_answered() -> None:
    pair = chosen_pair({"prompt": "2 + 2?", "chosen": 4, "rejected": True})
    assert (pair.chosen.text, pair.rejected.text) == ("4", "True")


def test_half_an_emoji_in_json_text_is_replaced() -> None:
    prompt = '[{"role": "user", "content": "a \\ud83d"}]'
    assert chosen_pair({"prompt": prompt, **TEXTS}).asked.instruction == "a \ufffd"


def test_empty_answers_are_answers() -> None:
    pair = chosen_pair({"prompt": ASKED, "chosen": "", "rejected": "b"})
    assert pair.chosen.text == ""


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (TEXTS, "what was asked in a column"),
        ({"prompt": "", **TEXTS}, "what was asked in a column"),
        ({"topic": "birds", **TEXTS}, "what was asked in a column"),
        ({"prompt": [ASKED], **TEXTS}, "plain text; `prompt` is .'Name a bird"),
        ({"prompt": ASKED, "chosen": None, "rejected": "b"}, "`chosen` is missing and `rejected` is 'b'"),
        ({"prompt": ASKED, "chosen": [assistant("a")], "rejected": "b"}, "both as text or both as messages"),
        ({"prompt": ASKED, "chosen": {"a": 1}, "rejected": {"a": 2}}, "both as text or both as messages"),
        ({"prompt": ASKED, "chosen": [], "rejected": []}, "at least one message"),
        ({"chosen": [assistant("a")], "rejected": [assistant("b")]}, "begin with the assistant"),
        ({"prompt": [user("q"), assistant("a")], **TEXTS}, "ends with the user's message, this one ends with the a"),
        ({"prompt": "Another question.", **whole(user(ASKED))}, "begin with the prompt 'Another question.'"),
        ({"prompt": ASKED, "question": "Another one.", **TEXTS}, "`prompt` and `question` to say the same"),
        ({"prompt": ASKED, "chosen": [user("a")], "rejected": [user("b")]}, "begin with the same prompt"),
        ({"chosen": [user("q"), {"role": "narrator", "content": "a"}], "rejected": []}, "one by 'narrator'"),
        ({"prompt": [{"role": "user", "content": [{"type": "image"}]}], **TEXTS}, "a part of the type 'image'"),
        ({"prompt": [{"role": "user", "content": None}], **TEXTS}, "content as text"),
        ({"prompt": [{**user("q"), "tool_calls": [1]}], **TEXTS}, "one with tool_calls"),
        ({"prompt": "[{'role': 'user', 'content': 'q'}]", **TEXTS}, "messages as JSON"),
        ({"system": "A", "prompt": [{"role": "system", "content": "B"}, user("q")], **TEXTS}, "one system message"),
        ({"system": "A", "prompt": ASKED, **whole({"role": "system", "content": "B"}, user(ASKED))}, "one system mess"),
        ({"instruction": ASKED, "history": "Hello.", **TEXTS}, "`history` as messages or as pairs"),
        ({"instruction": ASKED, "input": ["a"], **TEXTS}, "`input` as text"),
        ({"prompt": ASKED, **TEXTS, "score_chosen": "high"}, "the rating of `chosen` as a number"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(row: Row, expected: str) -> None:
    with pytest.raises(LayoutError, match=expected):
        chosen_pair(row)


def test_conversations_on_different_prompts_are_no_pair() -> None:
    with pytest.raises(DifferentPromptsError, match="'q' and 'r'"):
        chosen_pair({"chosen": [user("q"), assistant("a")], "rejected": [user("r"), assistant("b")]})

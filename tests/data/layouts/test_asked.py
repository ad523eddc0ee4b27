"""What is asked, from whatever columns say it."""

import numpy as np
import pytest
from pydantic import ValidationError

from farm.conversation import Message
from farm.data.files.rows import Row
from farm.data.layouts.asked import AskedRow
from farm.data.layouts.outputs import OutputRow
from tests.data.layouts.one_pair import ASKED, assistant, said, user

BE_BRIEF = Message("system", "Be brief.")


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": ASKED}, {"prompt": ASKED}, {"question": ASKED}, {"query": ASKED}, {"input": ASKED},
        {"instruction": [user(ASKED)]}, {"messages": [user(ASKED)]}, {"conversation": np.array([said("human", ASKED)])},
        {"instruction": f'[{{"role": "user", "content": "{ASKED}"}}]'}, {"trajectory": [said("user", ASKED)]},
        {"prompt": f"\n\nHuman: {ASKED}\n\nAssistant:"}, {"instruction": ASKED, "prompt": "what a model was shown"},
    ],
)  # fmt: skip
def test_one_instruction(row: Row) -> None:
    asked = AskedRow.model_validate(row)
    assert (asked.instruction, asked.input or "", asked.history) == (ASKED, "", ())
    assert asked.text_key == AskedRow.model_validate({"instruction": ASKED.upper()}).text_key


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": ASKED, "system": "Be brief."}, {"question": ASKED, "system": "Be brief."},
        {"prompt": [BE_BRIEF._asdict(), user(ASKED)]}, {"instruction": ASKED, "system_prompt": "Be brief."},
        {"query": ASKED, "System": "Be brief."}, {"messages": [user(ASKED)], "system-message": "Be brief."},
        {"prompt": ASKED, "system": "", "system_prompt": "Be brief.", "system_message": "Be brief."},
        {"prompt": ASKED, "system": " ", "system_prompt": [BE_BRIEF._asdict()]},
    ],
)  # fmt: skip
def test_a_system_message_is_history(row: Row) -> None:
    asked = AskedRow.model_validate(row)
    assert (asked.instruction, asked.history) == (ASKED, (BE_BRIEF,))
    assert asked.text_key != AskedRow.model_validate({"instruction": ASKED}).text_key


def test_parts_of_a_message_follow_each_other_as_in_chat_templates() -> None:
    # Qwen's, Gemma's and Llama 4's templates loop over the parts and print each text, with nothing in between.
    parts = [{"type": "text", "text": "Name a bird "}, {"type": "text", "text": "that swims."}]
    assert AskedRow.model_validate({"prompt": [{"role": "user", "content": parts}]}).instruction == ASKED


def test_the_input_stays_apart() -> None:
    asked = AskedRow.model_validate({"instruction": [user("Sort.")], "input": "b, a"})
    assert (asked.asked.instruction, asked.asked.input) == ("Sort.", "b, a")


@pytest.mark.parametrize("text", ["[1, 2]", '{"role": "user"}', "[", "{{ prompt }}", "Human: is a word", '["a"]', " "])
def test_text_that_only_looks_like_more_is_text(text: str) -> None:
    assert AskedRow.model_validate({"instruction": text}).instruction == text


def test_what_nobody_says_is_missing() -> None:
    with pytest.raises(ValidationError, match=r"instruction\s+Field required"):
        AskedRow.model_validate({"output": "a"})
    with pytest.raises(ValidationError, match="ends with the user's message"):
        AskedRow.model_validate({"instruction": [user("q"), assistant("a")]})


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "q", "output": "a", "generator": "owl"}, {"prompt": "q", "response": "a", "model": "owl"},
        {"prompt": [user("q")], "completion": [assistant("a")], "model": "owl"},
        {"messages": [user("q"), assistant("a")], "model": "owl"},
        {"conversations": [said("human", "q"), said("gpt", "a")], "generator": "owl"},
    ],
)  # fmt: skip
def test_one_output(row: Row) -> None:
    output = OutputRow.model_validate(row)
    assert (output.instruction, output.output, output.generator, output.history) == ("q", "a", "owl", ())


def test_an_output_of_several_messages_is_refused() -> None:
    with pytest.raises(
        ValidationError, match="`completion` as one message of the assistant, got messages of assistant"
    ):
        OutputRow.model_validate({"prompt": "q", "completion": [assistant("a"), assistant("b")]})

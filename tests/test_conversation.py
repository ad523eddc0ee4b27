"""Conversations as chat and as text, and what they change about keys."""

import ast

from farm.conversation import Message, Messages, conversation_of, instruction_text, messages_as_text, messages_of_text
from farm.records import Comparison, Instruction, Output, content_key
from tests.paths import ROOT

HISTORY: Messages = (Message("system", "Be brief."), Message("user", "Hi."), Message("assistant", 'He said "\u2028".'))


def test_a_single_turn_instruction_is_one_message_of_the_user() -> None:
    asked = Instruction(instruction="Sort.", input="b, a")
    assert conversation_of(asked, "\n").chat() == [{"role": "user", "content": "Sort.\nb, a"}]
    assert instruction_text(asked) == "Sort."


def test_a_history_comes_first() -> None:
    asked = Instruction(instruction="Go on.", history=HISTORY)
    assert [message["role"] for message in conversation_of(asked).chat()] == ["system", "user", "assistant", "user"]
    assert instruction_text(asked) == ('System: Be brief.\n\nUser: Hi.\n\nAssistant: He said "\u2028".\n\nUser: Go on.')


def test_a_conversation_that_ends_with_a_tool_has_no_further_message() -> None:
    history = (*HISTORY[:2], Message("tool", "21 C"))
    assert conversation_of(Instruction(instruction="", history=history)).messages == history


def test_messages_are_stored_as_json() -> None:
    assert messages_of_text(messages_as_text(HISTORY)) == HISTORY
    assert messages_as_text(()) == "" and messages_of_text("") == ()


def test_only_a_history_changes_keys() -> None:
    # Keys of single-turn records are those of the texts alone: artifacts and item ids made before stay valid.
    assert Instruction(instruction="i", input="c").key == content_key("i", "c")
    assert Comparison(instruction="i", output_1="a", output_2="b").key == content_key("i", "", "a", "b")
    assert Output(instruction="i", output="a", generator="", history=HISTORY).instruction_key != content_key("i", "")
    shorter = Output(instruction="i", output="a", generator="", history=HISTORY[1:])
    assert shorter.instruction_key != Output(instruction="i", output="a", generator="", history=HISTORY).instruction_key


def test_no_record_is_made_of_another_without_its_history() -> None:
    lost, n_made = [], 0
    for path in sorted((ROOT / "farm").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = {keyword.arg for keyword in node.keywords}
                is_made = node.func.id in ("Instruction", "Output", "Comparison", "Demonstration", "PreferencePair")
                n_made += is_made
                if is_made and "input" in given and "history" not in given:
                    lost.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert n_made > 15
    # The pocket world asks single turns only; the other two name an instruction that a user typed.
    known = ("farm/pocket/", "farm/pipeline/trained_policy.py", "farm/pipeline/judging/over_optimisation.py")
    assert [where for where in lost if not where.startswith(known)] == []

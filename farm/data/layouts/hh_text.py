"""Dialogues as text, as HH-RLHF writes them (Bai et al. 2022): a blank line and "Human:" or "Assistant:" per turn.

Speakers take turns, so a mark of the one who is speaking already belongs to what he says. A text is such a dialogue
only as a whole, from its first character: a mark somewhere in an instruction or an answer is no turn.
"""

import re

from farm.conversation import Message, Messages, Role

_MARK = re.compile(r"(?:\A\s*|\r?\n\r?\n)(Human|Assistant):")
_ROLES: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}
_SPEAKERS = {role: speaker for speaker, role in _ROLES.items()}


def dialogue_messages(text: str) -> Messages | None:
    """The turns of a dialogue, white space around each removed; the last may be without words.

    None for any other text: Human does not speak first, or Assistant never does.
    """
    marks: list[re.Match[str]] = []
    for mark in _MARK.finditer(text):
        if not marks and mark.start() != 0:
            return None
        if not marks or marks[-1][1] != mark[1]:
            marks.append(mark)
    if len(marks) < 2 or marks[0][1] != "Human":
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return tuple(
        Message(_ROLES[mark[1]], text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)
    )


def prompt_messages(text: str) -> Messages | None:
    """The messages of a prompt in this layout, which ends where the assistant is to speak; None for any other text."""
    messages = dialogue_messages(text) if text.rstrip().endswith("\nAssistant:") else None
    return messages[:-1] if messages and messages[-1] == Message("assistant", "") else None


def turns_as_text(answer: Messages) -> str:
    """An answer of several turns as one text in this layout; of one turn its words."""
    first, *later = answer
    return first.content + "".join(f"\n\n{_SPEAKERS.get(m.role, m.role.capitalize())}: {m.content}" for m in later)

"""What is asked in a row of a data file: which columns say it, and as what.

| column | holds | written by |
|---|---|---|
| `instruction`, `prompt`, `question`, `query` | text, or messages | AlpacaFarm, TRL, OpenRLHF, LLaMA-Factory, axolotl |
| `trajectory`, `conversations`, `messages`, `conversation` | messages | UltraInteract, LLaMA-Factory, axolotl |
| `input` | context of the instruction; without any of the above the instruction itself | AlpacaFarm, axolotl's `icr` |
| `system`, `system_prompt`, `system_message` | text of a system message | axolotl, LLaMA-Factory, distilabel |
| `history` | earlier turns: pairs of question and answer, or messages | LLaMA-Factory; ours |

Text that is a prompt in HH-RLHF's layout as a whole is taken apart into its turns; text with a mark somewhere is text.
"""

from collections.abc import Mapping

from pydantic import SkipValidation, model_validator

from farm.bounded.json_text import read_json
from farm.conversation import Message, Messages, messages_as_text
from farm.data.files.cells import Cells
from farm.data.files.column_hint import column_hint
from farm.data.files.rows import FileRow, Row
from farm.data.layouts.hh_text import prompt_messages
from farm.data.layouts.messages import LayoutError, messages_of, plain_value, text_of
from farm.records import Instruction, content_key

TEXT_COLUMNS = ("instruction", "prompt", "question", "query")
CHAT_COLUMNS = ("trajectory", "conversations", "messages", "conversation")
ASKED_COLUMNS = (*TEXT_COLUMNS, *CHAT_COLUMNS, "input", "history")
"""What says what is asked, beside the system message (`is_system`)."""
_SYSTEM = ("system", "system_prompt", "system_message")


class AskedRow(FileRow):
    """A row about an instruction, in any layout of this module."""

    instruction: str
    input: str | None = ""
    history: SkipValidation[Messages] = ()

    @model_validator(mode="before")
    @classmethod
    def _in_one_layout(cls, row: Row) -> Row:
        return row_with_instruction(row)

    @property
    def asked(self) -> Instruction:
        """What is asked, as a record."""
        return Instruction(instruction=self.instruction, input=self.input or "", history=self.history)

    @property
    def text_key(self) -> str:
        """The same for an instruction with its input merged into it, as AlpacaEval's files have it."""
        merged = " ".join(f"{self.instruction}\n\n{self.input or ''}".casefold().split())
        return content_key(merged, messages_as_text(self.history)) if self.history else content_key(merged)


def row_with_instruction(row: Row) -> Row:
    """The row with `instruction`, `input` and `history` as records hold them; as it is where it says nothing of them.

    A column `instruction` decides; without one, all others that are known here have to agree.

    Raises:
        LayoutError: what is asked cannot be read.
    """
    given, history = row.get("instruction"), row.get("history")
    if isinstance(history, tuple) and all(isinstance(message, Message) for message in history):
        return row
    if given is None:
        asked = instruction_of_columns(row)
    elif isinstance(given, str) and not (is_marked(given) or _system_cells(row) or cell(row, "history")):
        return row
    else:
        names = ("instruction", "input", "history")
        asked = instruction_of_columns({name: row[name] for name in row if name in names or is_system(name)})
    if asked is None:
        return row
    return {**row, "instruction": asked.instruction, "input": asked.input, "history": asked.history}


def instruction_of_columns(row: Mapping[str, object]) -> Instruction | None:
    """What a row asks; None if no column says it.

    Raises:
        LayoutError: columns contradict each other, or hold what cannot be read.
    """
    prompts = {name: _prompt(cell(row, name)) for name in (*TEXT_COLUMNS, *CHAT_COLUMNS)}
    known = {name: said for name, said in prompts.items() if said and not (name in CHAT_COLUMNS and _is_answered(said))}
    known = {name: said for name, said in known.items() if any(message.content.strip() for message in said)}
    context = cell(row, "input") or ""
    if not known and str(context).strip():
        known, context = {"input": _prompt(context) or ()}, ""
    if not known:
        return None
    messages = _agreed(known)
    if not isinstance(context, str):
        raise LayoutError(f"`input` as text, got {context!r:.60}")
    messages = (*_system(_system_cells(row), messages), *_history(cell(row, "history")), *_without_system(messages))
    return instruction_of(messages, context)


def columns_found(row: Mapping[str, object]) -> str:
    """What stands in the columns that may say what is asked, for messages of rows where none of it can be read."""
    cells = {name: cell(row, name) for name in (*TEXT_COLUMNS, *CHAT_COLUMNS)}
    filled = "".join(f"; `{name}` is {value!r:.60}" for name, value in cells.items() if value is not None)
    hint = column_hint(row)
    return f"{filled}; {hint}" if hint else filled


def instruction_of(messages: Messages, context: str = "") -> Instruction:
    """The conversation as a record: the user's last message, and what comes before it.

    Args:
        messages: they end where the assistant is to speak.
        context: the record's `input`.

    Raises:
        LayoutError: there are none, or the assistant spoke last.
    """
    if not messages or messages[-1].role == "assistant":
        raise LayoutError(
            "a prompt that ends with the user's message"
            + (f", this one ends with the assistant's {messages[-1].content!r:.60}" if messages else ", it is empty")
        )
    *earlier, last = messages
    if last.role == "user" and (last.content or not earlier):
        return Instruction(instruction=last.content, input=context, history=tuple(earlier))
    return Instruction(instruction="", input=context, history=messages)


def cell(row: Mapping[str, object], name: str) -> object:
    """A cell as lists, dictionaries and text; None where nothing stands."""
    value = plain_value(row.get(name))
    return None if value in ("", [], {}) else value


def is_system(name: str) -> bool:
    """Whether a column of this name holds the system message, however it is spelt."""
    return name.lower().replace("-", "_").replace(" ", "_") in _SYSTEM


def is_marked(text: str) -> bool:
    """Whether a text may be more than the user's words: messages as JSON, or a dialogue."""
    return text.lstrip()[:1] in ("[", "{") or text.lstrip().startswith("Human:")


def _prompt(value: object) -> Messages | None:
    """The messages of a cell; of text one of the user's. None for anything else."""
    messages = messages_of(value)
    if messages is not None:
        return messages
    if not isinstance(value, str):
        return None
    return prompt_messages(value) or (Message("user", value),)


def _is_answered(messages: Messages) -> bool:
    """Whether it is a whole conversation, as UltraFeedback has the chosen one in a column of its own."""
    return messages[-1].role == "assistant"


def _agreed(prompts: Mapping[str, Messages]) -> Messages:
    """The longest of several prompts, if the others are its last message or its first one of the user."""
    longest = max(prompts.values(), key=len)
    said = {" ".join(message.content.split()) for message in longest if message.role == "user"}
    for name, messages in prompts.items():
        if messages != longest and not (len(messages) == 1 and " ".join(messages[0].content.split()) in said):
            raise LayoutError(
                f"{' and '.join(f'`{each}`' for each in prompts)} to say the same, or one of them alone; `{name}` is "
                f"{messages[-1].content!r:.60}"
            )
    return longest


def _system_cells(row: Mapping[str, object]) -> dict[str, object]:
    """What the columns of system messages hold, without those where nothing stands."""
    cells = {name: cell(row, name) for name in row if is_system(name)}
    return {name: value for name, value in cells.items() if value is not None and str(value).strip()}


def _system(cells: Mapping[str, object], messages: Messages) -> Messages:
    """The system message of the columns, or of the messages; where several say it, all of them have to agree."""
    known = {"the messages": messages[:1]} if messages and messages[0].role == "system" else {}
    known.update({f"`{name}`": _system_messages(value) for name, value in cells.items()})
    if len(set(known.values())) > 1:
        given = " and ".join(f"in {name} {message.content!r:.60}" for name, (message,) in known.items())
        raise LayoutError(f"one system message, got {given}")
    return next(iter(known.values()), ())


def _system_messages(value: object) -> Messages:
    """The system message of a cell: text, or a message."""
    messages = messages_of(value)
    if messages is None:
        return (Message("system", text_of(value)),)
    if [message.role for message in messages] != ["system"]:
        raise LayoutError(f"one system message in a column of its own, got {value!r:.60}")
    return messages


def _without_system(messages: Messages) -> Messages:
    return messages[1:] if messages and messages[0].role == "system" else messages


def _history(value: object) -> Messages:
    """Earlier turns: messages, or LLaMA-Factory's pairs of question and answer."""
    if value is None:
        return ()
    messages = messages_of(value)
    if messages is not None:
        return messages
    if isinstance(value, str):
        try:
            value = Cells().plain(read_json(value))
        except ValueError:
            raise LayoutError(f"`history` as messages or as pairs of question and answer, got {value!r:.60}") from None
    if isinstance(value, list) and all(isinstance(turn, list) and len(turn) == 2 for turn in value):
        pairs = [(Message("user", text_of(asked)), Message("assistant", text_of(said))) for asked, said in value]
        return tuple(message for pair in pairs for message in pair)
    raise LayoutError(f"`history` as messages or as pairs of question and answer, got {value!r:.60}")

"""`prompt.json`: how the prompts looked that a reward model was trained on, kept in its folder.

A score means something behind the same prompts only, and whoever scores with the model later need not know them.
"""

import json
from dataclasses import asdict
from pathlib import Path

from farm.bounded.json_text import read_json_object
from farm.errors import UserError
from farm.models.prompts import ChatPrompt, Prompt, PromptTemplate

PROMPT_FILE = "prompt.json"
_KINDS: dict[str, type[PromptTemplate] | type[ChatPrompt]] = {"template": PromptTemplate, "chat": ChatPrompt}


def save_prompt(prompt: Prompt, folder: Path) -> None:
    """Write the prompt's settings; a prompt of a kind that is not known here is left out, and scoring asks for it."""
    for kind, known in _KINDS.items():
        if isinstance(prompt, known):
            settings = {"kind": kind, **asdict(prompt)}
            (folder / PROMPT_FILE).write_text(json.dumps(settings, sort_keys=True, indent=1) + "\n")


def saved_prompt(folder: Path) -> Prompt | None:
    """The prompt of a reward model; None if its folder does not say.

    Raises:
        UserError: the file is not what `save_prompt` writes.
    """
    file = folder / PROMPT_FILE
    if not file.is_file():
        return None
    try:
        settings = read_json_object(file)
        prompt = _KINDS[settings.pop("kind")](**settings)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: expected the settings of a prompt ({', '.join(_KINDS)}): {error}") from error
    return prompt

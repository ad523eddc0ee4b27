"""One pair, and one with a system message and an earlier turn, written in the layouts of the field's trainers."""

import json
from pathlib import Path

import pandas as pd

from farm.conversation import Message, Messages
from farm.data.files.rows import Row

ASKED, CHOSEN, REJECTED = "Name a bird that swims.", "A mallard.", "A goose, or so I think."
HISTORY: Messages = (
    Message("system", "Be brief."), Message("user", "Hello."), Message("assistant", "Good day."),
)  # fmt: skip


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def said(speaker: str, text: str) -> dict[str, str]:
    return {"from": speaker, "value": text}


def parts(message: dict[str, str]) -> dict[str, object]:
    return {"role": message["role"], "content": [{"type": "text", "text": message["content"]}]}


def whole(*messages: dict[str, str]) -> Row:
    """Chosen and rejected as conversations that hold the prompt."""
    return {"chosen": [*messages, assistant(CHOSEN)], "rejected": [*messages, assistant(REJECTED)]}


TEXTS: Row = {"chosen": CHOSEN, "rejected": REJECTED}
MESSAGES: Row = {"chosen": [assistant(CHOSEN)], "rejected": [assistant(REJECTED)]}
_HUMAN = f"\n\nHuman: {ASKED}\n\nAssistant:"
SINGLE: dict[str, Row] = {
    "trl_text": {"prompt": ASKED, **TEXTS},
    "trl_messages": {"prompt": [user(ASKED)], **MESSAGES},
    "trl_implicit": whole(user(ASKED)),
    "trl_parts": {"prompt": [parts(user(ASKED))], "chosen": [parts(assistant(CHOSEN))],
                  "rejected": [parts(assistant(REJECTED))]},
    "openrlhf": {"prompt": [user(ASKED)], **TEXTS},
    "openrlhf_question": {"question": ASKED, **MESSAGES},
    "llamafactory_alpaca": {"instruction": ASKED, "input": "", "system": "", "history": [], **TEXTS},
    "llamafactory_sharegpt": {"conversations": [said("human", ASKED)], "chosen": said("gpt", CHOSEN),
                              "rejected": said("gpt", REJECTED)},
    "axolotl_intel": {"system": "", "question": ASKED, **TEXTS},
    "axolotl_icr": {"system": None, "input": ASKED, **TEXTS},
    "axolotl_chat_template": {"messages": [user(ASKED)], "chosen": assistant(CHOSEN), "rejected": assistant(REJECTED)},
    "argilla": {"instruction": ASKED, "chosen_response": CHOSEN, "rejected_response": REJECTED},
    "argilla_hyphens": {"instruction": ASKED, **TEXTS, "chosen-model": "owl", "rejected-model": "bat"},
    "distilabel": {"instruction": ASKED, "prompt": ASKED, **whole(user(ASKED)), "chosen_model": "owl",
                   "rejected_model": "bat", "chosen_rating": 5, "rejected_rating": 2},
    "ultrafeedback_binarized": {"prompt": ASKED, "messages": [user(ASKED), assistant(CHOSEN)], **whole(user(ASKED))},
    "sharegpt_lists": {"chosen": [said("human", ASKED), said("gpt", CHOSEN)],
                       "rejected": [said("human", ASKED), said("gpt", REJECTED)]},
    "ultrainteract": {"trajectory": [said("user", ASKED)], **TEXTS},
    "query": {"query": ASKED, **TEXTS},
    "hh_rlhf": {"chosen": f"{_HUMAN} {CHOSEN}", "rejected": f"{_HUMAN} {REJECTED}"},
    "hh_prompt": {"prompt": _HUMAN, "chosen": f" {CHOSEN}", "rejected": f" {REJECTED}"},
    "prompt_before_answers": {"prompt": ASKED, "chosen": f"{ASKED}\n{CHOSEN}", "rejected": f"{ASKED}\n{REJECTED}"},
}  # fmt: skip
_EARLIER = [message._asdict() for message in HISTORY]
DIALOGUE: dict[str, Row] = {
    "trl_messages": {"prompt": [*_EARLIER, user(ASKED)], **MESSAGES},
    "trl_implicit": whole(*_EARLIER, user(ASKED)),
    "openrlhf": {"prompt": [*_EARLIER, user(ASKED)], **TEXTS},
    "llamafactory_alpaca": {"instruction": ASKED, "system": "Be brief.", "history": [["Hello.", "Good day."]], **TEXTS},
    "llamafactory_sharegpt": {
        "conversations": [said("system", "Be brief."), said("human", "Hello."), said("gpt", "Good day."),
                          said("human", ASKED)],
        "chosen": said("gpt", CHOSEN), "rejected": said("gpt", REJECTED)},
    "axolotl_ultra": {"system": "Be brief.", "prompt": ASKED, **whole(*_EARLIER[1:], user(ASKED))},
    "system_beside_messages": {"system": "Be brief.", "prompt": [*_EARLIER[1:], user(ASKED)], **TEXTS},
    "ours": {"instruction": ASKED, "history": json.dumps(_EARLIER), **TEXTS},
}  # fmt: skip


def write(path: Path, *rows: Row) -> Path:
    """The rows in the format that the ending says; in CSV lists and dictionaries are JSON text."""
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".csv":
        cells = [{n: v if isinstance(v, str | None) else json.dumps(v) for n, v in row.items()} for row in rows]
        pd.DataFrame(cells).to_csv(path, index=False)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path

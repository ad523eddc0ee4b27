"""Evaluator folders in AlpacaEval's format, in words of our own, written for tests."""

from pathlib import Path

import yaml

from farm.calls.request import Reply, Request
from farm.judges.alpaca_eval.judge import AlpacaEvalPanel

CHAT = """<|im_start|>system
You pick the better of two texts.
<|im_end|>
<|im_start|>user
Request: {instruction}

[a] {output_1}

[b] {output_2}

Name it.
<|im_end|>"""
BATCH = """<|im_start|>user
Task 1: {instruction}
Output (a): {output_1}
Output (b): {output_2}
Task 2: {instruction}
Output (a): {output_1}
Output (b): {output_2}
Two lines, please.
<|im_end|>"""
REGEX = {"outputs_to_match": {1: r"(?:^|\n) ?Output \(a\)", 2: r"(?:^|\n) ?Output \(b\)"}}
PIPELINE = {
    "parsers_to_kwargs": {
        "json_parser": {"annotation_key": "ordered_models"},
        "ranking_parser": {"model_1_name": "m"},
    }
}
LOGPROB = {"numerator_token": "m", "denominator_tokens": ["m", "M"], "is_binarize": False}


def write_evaluator(folder: Path, *, prompt: str = CHAT, name: str = "mine", **settings: object) -> Path:
    """A folder with configs.yaml and one prompt file beside it, as evaluators_configs/ has them."""
    folder.mkdir(parents=True)
    (folder / "prompt.txt").write_text(prompt)
    settings = {
        "prompt_template": f"{folder.name}/prompt.txt",
        "fn_completions": "openai_completions",
        "completions_kwargs": {"model_name": "judge-1", "max_tokens": 50, "temperature": 0},
        "completion_parser_kwargs": REGEX,
        "batch_size": 1,
        **settings,
    }
    (folder / "configs.yaml").write_text(yaml.safe_dump({name: {k: v for k, v in settings.items() if v is not None}}))
    return folder


def panel_of(folder: Path, *, model: str | None = None, base_url: str | None = None) -> AlpacaEvalPanel:
    return AlpacaEvalPanel(folder=folder, model=model, base_url=base_url, api_key_variable="OPENAI_API_KEY")


def prefers_longer(request: Request) -> Reply | str:
    """Of the last prompt of `CHAT`."""
    text = request.messages[-1].content
    first, second = text.split("[a] ")[1].split("\n\n[b] ")
    return "Output (a)" if len(first) > len(second.removesuffix("\n\nName it.")) else "Output (b)"

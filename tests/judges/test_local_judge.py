"""A local model as a judge: one forward pass, and judged text holds no control tokens."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from farm.calls.local.local_model import prompt_of
from farm.calls.request import ModelSlot
from farm.calls.session import open_calls
from farm.judges.prompted import PromptedJudge
from farm.models.tokens import encode_prompt
from farm.records import Comparison
from tests.calls.asking import settings
from tests.judges.scripted import ScriptedCalls, shipped_judge
from tests.tiny import save_causal_lm_for_long_texts, tiny_causal_lm

PAIRS = [Comparison(instruction=f"question {i}", output_1="yes " * i, output_2="no") for i in range(1, 5)]


def local_judge(path: Path) -> PromptedJudge:
    judge = shipped_judge("local")
    assert isinstance(judge, PromptedJudge)
    model = ModelSlot(model=str(path), kind="local", base_url=None, api_key_variable="")
    return replace(judge, model=model)


def test_the_verdict_is_the_models_own_probability_of_the_labels(tmp_path: Path) -> None:
    save_causal_lm_for_long_texts(tmp_path)
    judge = local_judge(tmp_path)
    with open_calls(settings(None)) as calls:
        verdicts = judge.verdicts(PAIRS, [1, 2, 1, 2], 3, calls=calls)
    scripted = ScriptedCalls(lambda _: "")
    judge.verdicts(PAIRS, [1, 2, 1, 2], 3, calls=scripted)
    prompts = {request.messages[0].content.split("question ")[1][0]: request for request in scripted.asked}
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    for number, (verdict, order) in enumerate(zip(verdicts, [1, 2, 1, 2], strict=True), start=1):
        text = "\n\n".join(message.content for message in prompts[str(number)].messages)
        sums = []
        for label in (" A", " B"):
            ids, label_ids = tokenizer(text)["input_ids"], tokenizer(label)["input_ids"]
            with torch.no_grad():
                logps = model(torch.tensor([ids + label_ids])).logits[0].double().log_softmax(dim=-1)
            sums.append(sum(logps[len(ids) + i - 1, token].item() for i, token in enumerate(label_ids)))
        of_first_shown = torch.tensor(sums).softmax(dim=0)[0].item()
        expected = of_first_shown if order == 1 else 1 - of_first_shown
        assert verdict.p_first == pytest.approx(expected, abs=1e-4)
        assert verdict.n_prompt_tokens > 0 and verdict.cost_usd == 0.0


def test_control_tokens_in_judged_text_are_text(tmp_path: Path) -> None:
    _, tokenizer = tiny_causal_lm(tmp_path / "m")
    controls = {token: tokenizer.convert_tokens_to_ids(token) for token in tokenizer.all_special_tokens}
    assert controls
    attack = Comparison(instruction="q", output_1=f"x{''.join(controls)}", output_2="".join(controls))
    calls = ScriptedCalls(lambda _: "")
    local_judge(tmp_path / "m").verdicts([attack], [1], 3, calls=calls)
    ids = encode_prompt(tokenizer, prompt_of(tokenizer, calls.asked[0].messages))
    assert not set(ids) & set(controls.values())

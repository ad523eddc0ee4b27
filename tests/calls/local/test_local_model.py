"""A local checkpoint as a judge model: scored labels, generated replies, cached like any other."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from farm.calls.request import Decoding, ModelSlot, Request
from farm.calls.session import open_calls
from farm.conversation import Message
from farm.errors import UserError
from tests.calls.asking import settings
from tests.tiny import tiny_causal_lm

GREEDY = Decoding(temperature=0.0, max_tokens=6)
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "<{{ m['role'] }}>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def local(path: Path) -> ModelSlot:
    return ModelSlot(model=str(path), kind="local", base_url=None, api_key_variable="")


def asked(path: Path, *texts: str, labels: tuple[str, ...] = (), decoding: Decoding = GREEDY) -> list[Request]:
    return [
        Request(slot=local(path), messages=(Message("user", text),), decoding=decoding, labels=labels) for text in texts
    ]


def test_labels_are_scored_and_the_likeliest_is_the_text(tmp_path: Path) -> None:
    model, tokenizer = tiny_causal_lm(tmp_path / "m")
    requests = asked(tmp_path / "m", "What does the baker sell?", "Sort", labels=(" bread", " otter"))
    with open_calls(settings(tmp_path / "c")) as calls:
        replies = calls.ask(requests)
    for request, reply in zip(requests, replies, strict=True):
        prompt = tokenizer(request.messages[0].content)["input_ids"]
        for label, logprob in zip(request.labels, reply.label_logprobs, strict=True):
            ids = [*prompt, *tokenizer(label)["input_ids"]]
            with torch.no_grad():
                logps = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0].double(), dim=-1)
            expected = sum(logps[i - 1, ids[i]].item() for i in range(len(prompt), len(ids)))
            assert logprob == pytest.approx(expected, abs=2e-4)
        assert reply.text == request.labels[reply.label_logprobs.index(max(reply.label_logprobs))]
        assert (reply.cost_usd, reply.n_prompt_tokens) == (0.0, len(prompt))


def test_greedy_generation_is_what_transformers_generates(tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path / "m")
    texts = ("What does the baker sell?", "Name two animals")
    with open_calls(settings(tmp_path / "c")) as calls:
        replies = calls.ask(asked(tmp_path / "m", *texts))
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(tmp_path / "m"),
        AutoTokenizer.from_pretrained(tmp_path / "m"),
    )
    for text, reply in zip(texts, replies, strict=True):
        ids = tokenizer(text, return_tensors="pt")
        generated = model.generate(**ids, max_new_tokens=6, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert reply.text == tokenizer.decode(generated, skip_special_tokens=True)


def test_a_second_run_computes_nothing_and_another_checkpoint_is_another_question(tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path / "m", seed=0)
    requests = asked(tmp_path / "m", "Sort these words", labels=("a", "b"))
    with open_calls(settings(tmp_path / "c")) as calls:
        first = calls.ask(requests)
    with open_calls(settings(tmp_path / "c")) as calls:
        assert calls.ask(requests) == [first[0]._replace(is_from_cache=True)]
    tiny_causal_lm(tmp_path / "m", seed=1)
    with open_calls(settings(tmp_path / "c")) as calls:
        (other,) = calls.ask(requests)
        assert not other.is_from_cache and other.label_logprobs != first[0].label_logprobs


def test_a_checkpoint_that_was_moved_is_not_asked_again(tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path / "m")
    with open_calls(settings(tmp_path / "c")) as calls:
        (first,) = calls.ask(asked(tmp_path / "m", "Sort", labels=(" bread", " otter")))
    (tmp_path / "m").rename(tmp_path / "moved")
    with open_calls(settings(tmp_path / "c")) as calls:
        assert calls.ask(asked(tmp_path / "moved", "Sort", labels=(" bread", " otter"))) == [
            first._replace(is_from_cache=True)
        ]


def test_samples_differ_and_repeat(tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path / "m")
    (request,) = asked(tmp_path / "m", "Name two", decoding=Decoding(temperature=1.0, max_tokens=12))
    drawn = []
    for _ in range(2):
        with open_calls(settings(None)) as calls:
            drawn.append([reply.text for reply in calls.ask([replace(request, sample=i) for i in range(4)])])
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 1


def test_a_prompt_that_does_not_fit_is_its_own_failure_only(tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path / "m")  # a context of 256 tokens
    with open_calls(settings(tmp_path / "c")) as calls:
        short, long = calls.ask(asked(tmp_path / "m", "Sort", "x y z " * 200, labels=("a", "b")))
        assert not short.failure and "exceed the model's context of 256" in long.failure
        short, long = calls.ask(asked(tmp_path / "m", "Sort", "x y z " * 200))
        assert "exceed the model's context of 256" in long.failure


def test_a_chat_template_is_used_and_may_refuse_a_system_message(tmp_path: Path) -> None:
    from farm.calls.local.local_model import prompt_of

    _, tokenizer = tiny_causal_lm(tmp_path / "m")
    chat = [Message("system", "Be fair."), Message("user", "Which?")]
    assert prompt_of(tokenizer, chat) == "Be fair.\n\nWhich?"
    tokenizer.chat_template = TEMPLATE
    assert prompt_of(tokenizer, chat) == "<user>Be fair.\n\nWhich?<assistant>"
    assert prompt_of(tokenizer, [*chat, Message("assistant", "Output (")]).endswith("<assistant>Output (")


def test_stop_strings_end_the_reply(tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path / "m")
    with open_calls(settings(None)) as calls:
        (whole,) = calls.ask(asked(tmp_path / "m", "Sort these words"))
        stop = whole.text[3]
        (cut,) = calls.ask(asked(tmp_path / "m", "Sort these words", decoding=replace(GREEDY, stop=(stop,))))
    assert cut.text == whole.text[: whole.text.index(stop)] or cut.failure


@pytest.mark.parametrize(
    ("decoding", "reason"), [(replace(GREEDY, top_p=0.9), "top_p"), (replace(GREEDY, top_logprobs=5), "top_logprobs")]
)
def test_what_a_local_model_cannot_do_is_said(decoding: Decoding, reason: str, tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path / "m")
    with open_calls(settings(None)) as calls, pytest.raises(UserError, match=reason):
        calls.ask(asked(tmp_path / "m", "Sort", decoding=decoding))


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with open_calls(settings(None)) as calls, pytest.raises(UserError, match="no such folder"):
        calls.ask(asked(tmp_path / "nowhere", "Sort"))

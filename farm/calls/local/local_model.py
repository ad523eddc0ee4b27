"""A local causal LM that answers requests: by generating, or by scoring the labels that a request names.

Safetensors only and no code from the checkpoint, as everywhere (farm/models/checkpoint.py). Messages go through the
tokenizer's chat template if it has one; else they follow each other, an empty line between them.
"""

import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
import transformers
from transformers import PreTrainedTokenizerBase

from farm.calls.local.label_scores import label_logprobs
from farm.calls.request import Reply, Request
from farm.calls.settings import LocalSettings
from farm.conversation import Message
from farm.errors import UserError
from farm.models.chat_templates.renderer import ChatTemplateError, check_chat_template, render_chat
from farm.models.checkpoint import load_causal_lm, load_tokenizer
from farm.models.context import context_of
from farm.models.generate import sample
from farm.models.tokens import encode_completion, encode_prompt

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class LocalModel:
    """A loaded checkpoint. For one thread at a time."""

    def __init__(self, path: Path, settings: LocalSettings) -> None:
        """Load it.

        Raises:
            CheckpointError: it is incomplete, or would have to run code to load.
            ChatTemplateError: its chat template leaves out what is asked, or never ends.
        """
        transformers.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        if settings.threads is not None:
            torch.set_num_threads(settings.threads)
        is_cuda = settings.device == "auto" and torch.cuda.is_available()
        device = torch.device("cuda" if is_cuda else "cpu" if settings.device == "auto" else settings.device)
        self._tokenizer = load_tokenizer(path)
        if self._tokenizer.chat_template is not None:
            check_chat_template(self._tokenizer)
        self._model = load_causal_lm(path, dtype=DTYPES[settings.dtype], device=device)
        self._batch_size = settings.batch_size
        self._context = context_of(self._model.config)

    def score(self, requests: Sequence[Request]) -> list[Reply]:
        """Log-probabilities of each request's labels as continuations; the text is the likeliest label."""
        start = time.perf_counter()
        prompts = [encode_prompt(self._tokenizer, prompt_of(self._tokenizer, r.messages)) for r in requests]
        labels = [
            [encode_completion(self._tokenizer, label, is_finished=False) for label in r.labels] for r in requests
        ]
        for request, ids in zip(requests, labels, strict=True):
            if not all(ids):
                raise UserError(
                    f"labels {request.labels}: the tokenizer of {request.slot.model} makes one of them empty"
                )
        replies: list[Reply | None] = [
            self._too_long(len(prompt), max(map(len, ids))) for prompt, ids in zip(prompts, labels, strict=True)
        ]
        fitting = [i for i, reply in enumerate(replies) if reply is None]
        scores = label_logprobs(
            self._model, [prompts[i] for i in fitting], [labels[i] for i in fitting], batch_size=self._batch_size
        )
        seconds = (time.perf_counter() - start) / max(1, len(fitting))
        for i, logprobs in zip(fitting, scores, strict=True):
            best = max(range(len(logprobs)), key=logprobs.__getitem__)
            replies[i] = Reply(
                text=requests[i].labels[best],
                label_logprobs=logprobs,
                n_prompt_tokens=len(prompts[i]),
                cost_usd=0.0,
                latency_seconds=seconds,
            )
        return [reply for reply in replies if reply is not None]

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """Sampled replies; requests of one part decode alike. The random numbers are keyed by prompt and sample."""
        decoding = requests[0].decoding
        if decoding.top_p != 1.0 or decoding.top_logprobs:
            raise UserError(
                f"{requests[0].slot.model}: a local model generates with top_p=1 and returns no top_logprobs; set "
                "top_p: 1, and read log-probabilities through labels"
            )
        start = time.perf_counter()
        prompts = [prompt_of(self._tokenizer, request.messages) for request in requests]
        lengths = [len(encode_prompt(self._tokenizer, prompt)) for prompt in prompts]
        replies = [self._too_long(n, decoding.max_tokens) for n in lengths]
        for sample_index in sorted({request.sample for request in requests}):
            rows = [i for i, r in enumerate(requests) if r.sample == sample_index and replies[i] is None]
            completions = sample(
                self._model,
                self._tokenizer,
                [prompts[i] for i in rows],
                n=1,
                temperature=decoding.temperature,
                max_new_tokens=decoding.max_tokens,
                batch_size=self._batch_size,
                seed=sample_index,
                purpose="local judge",
            )
            for i, (completion,) in zip(rows, completions, strict=True):
                text = _cut(completion.text, decoding.stop)
                replies[i] = Reply(
                    text=text,
                    failure="" if text.strip() else "the reply is empty",
                    is_cut=not completion.is_finished and text == completion.text and decoding.max_tokens > 1,
                    n_prompt_tokens=lengths[i],
                    n_completion_tokens=len(completion.ids),
                    cost_usd=0.0,
                )
        seconds = (time.perf_counter() - start) / len(requests)
        return [reply._replace(latency_seconds=seconds) for reply in replies if reply is not None]

    def _too_long(self, n_prompt: int, n_new: int) -> Reply | None:
        if n_prompt == 0:
            return Reply(text="", failure="the prompt has no tokens", cost_usd=0.0)
        if self._context is None or n_prompt + n_new <= self._context:
            return None
        reason = f"a prompt of {n_prompt} tokens and {n_new} new ones exceed the model's context of {self._context}"
        return Reply(text="", failure=reason, cost_usd=0.0)


def prompt_of(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    """The messages as the text that the reply follows; a last message by the assistant is begun for it.

    What a message holds is never read as one of the tokenizer's control tokens (`<|im_end|>`, `</s>`): an invisible
    character breaks it up.
    """
    controls = _controls(tokenizer)
    messages = [message._replace(content=_broken_up(message.content, controls)) for message in messages]
    if tokenizer.chat_template is None:
        return "\n\n".join(message.content for message in messages)
    try:
        return _templated(tokenizer, messages)
    except ChatTemplateError:
        # Some templates know no system message: it goes in front of the first one.
        if messages[0].role != "system" or len(messages) < 2:
            raise
        first = Message(messages[1].role, f"{messages[0].content}\n\n{messages[1].content}")
        return _templated(tokenizer, [first, *messages[2:]])


def _templated(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    is_begun = messages[-1].role == "assistant"
    chat = [message._asdict() for message in messages]
    return render_chat(tokenizer, chat, opens_answer=not is_begun, is_open=is_begun)


@lru_cache(maxsize=8)
def _controls(tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    """The control tokens as text: those with a role, and those that the vocabulary marks (Llama 3's headers)."""
    marked = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    return tuple(token for token in dict.fromkeys([*tokenizer.all_special_tokens, *marked]) if len(token) > 1)


def _broken_up(text: str, controls: Sequence[str]) -> str:
    for control in controls:
        text = text.replace(control, f"{control[0]}\u200b{control[1:]}")
    return text


def _cut(text: str, stops: Sequence[str]) -> str:
    places = [text.find(stop) for stop in stops if stop in text]
    return text[: min(places)] if places else text

"""Pairs as token ids: which are left out, what is said about it, and what stands in their prompt."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from farm.conversation import Message
from farm.errors import UnfitError
from farm.methods.examples import Example, encode_examples, encode_pairs
from farm.models.checkpoint import Model, load_tokenizer
from farm.models.prompts import ChatPrompt
from farm.records import PreferencePair
from tests.families import save_family

CHAT = ChatPrompt(system="", input_separator="\n")


def pair(chosen: str, rejected: str) -> PreferencePair:
    return PreferencePair(instruction="Name an animal.", input="", chosen=chosen, rejected=rejected)


def test_answers_that_are_equal_up_to_the_limit_are_no_pair(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    short = replace(model, max_new_tokens=2)
    tokenizer = load_tokenizer(short.checkpoint)
    pairs = [pair("duck otter cat frog", "duck otter cat heron"), pair("duck", "otter")]
    with caplog.at_level(logging.WARNING):
        (encoded,) = encode_pairs(short, tokenizer, pairs)
    assert encoded.chosen_ids != encoded.rejected_ids
    assert "1 of 2 preference pairs have answers that are equal up to max_new_tokens (2)" in caplog.text
    with pytest.raises(UnfitError, match="so there is nothing to learn from"):
        encode_pairs(short, tokenizer, pairs[:1])
    assert len(encode_pairs(model, tokenizer, pairs)) == 2


def test_pairs_and_examples_are_encoded_behind_their_history(model: Model, tmp_path: Path) -> None:
    folder = save_family("gpt2", tmp_path)
    tokenizer = load_tokenizer(folder)
    chat = replace(model, checkpoint=str(folder), prompt=CHAT, max_prompt_tokens=200)
    history = (Message("system", "Be brief."),)
    (pair,) = encode_pairs(
        chat, tokenizer, [PreferencePair(instruction="Sort.", chosen="a", rejected="b", history=history)]
    )
    (example,) = encode_examples(chat, tokenizer, [Example("Sort.", "", "a", history=history)])
    shown = tokenizer.decode(pair.prompt_ids, skip_special_tokens=False)
    assert shown.removeprefix(str(tokenizer.bos_token)) == "<system>Be brief.\n<user>Sort.\n<assistant>"
    assert example.prompt_ids == pair.prompt_ids and example.completion_ids == pair.chosen_ids

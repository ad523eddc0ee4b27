"""Pairs as token ids: which are left out, and what is said about it."""

import logging
from dataclasses import replace

import pytest

from farm.errors import UnfitError
from farm.methods.examples import encode_pairs
from farm.models.checkpoint import Model, load_tokenizer
from farm.records import PreferencePair


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

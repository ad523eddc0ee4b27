"""The base's tokenizer: words whole, text back unchanged, no token for a beginning."""

import random
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from farm.config.conf_dirs import PACKAGE_DIR
from farm.pocket.language.drafts import draw_text
from farm.pocket.language.grammar import draw_request
from farm.pocket.pretrained.pretraining import Templates
from farm.pocket.pretrained.tokenizer import make_tokenizer, world_words
from tests.paths import ROOT

PROMPTS = ROOT / "conf" / "prompt" / "pocket"


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates.read(PROMPTS)


@pytest.fixture(scope="module")
def tokenizer(templates: Templates) -> PreTrainedTokenizerFast:
    return make_tokenizer((templates.without_input, templates.with_input))


def test_there_is_an_end_and_padding_but_no_beginning(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.bos_token is None and tokenizer.chat_template is None
    assert tokenizer.eos_token_id is not None and tokenizer.pad_token_id not in (None, tokenizer.eos_token_id)


def test_world_words_are_whole(tokenizer: PreTrainedTokenizerFast) -> None:
    words = world_words()
    assert {"fox", "mountains", "Anna", "Wednesday", "lowest", "12"} <= set(words)
    assert all(len(tokenizer.tokenize(f" {word}")) == 1 for word in words)
    assert all(len(tokenizer.tokenize(word)) == 1 for word in words if not word[0].islower())


@pytest.mark.parametrize("text", ["Zebra caf\u00e9, 100%\n\tyes", "The fox lives in the forest.", "", " two  spaces"])
def test_every_text_comes_back_unchanged(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_no_token_crosses_the_border_of_prompt_and_completion(
    tokenizer: PreTrainedTokenizerFast, templates: Templates
) -> None:
    rng = random.Random(0)
    for _ in range(200):
        request = draw_request(rng)
        prompt, completion = templates.render(request.instruction, request.input), draw_text(request.task, rng)
        apart = tokenizer(prompt)["input_ids"] + tokenizer(completion)["input_ids"]
        assert tokenizer(prompt + completion)["input_ids"] == apart
        assert len(apart) < 200


def test_the_base_ships_with_this_tokenizer_and_is_small(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    base = PACKAGE_DIR / "pocket" / "base"
    tokenizer.save_pretrained(tmp_path)
    assert (base / "tokenizer.json").read_text() == (tmp_path / "tokenizer.json").read_text()
    assert sum(path.stat().st_size for path in base.iterdir()) < 8_000_000
    model = AutoModelForCausalLM.from_pretrained(base)
    assert model.config.vocab_size == len(tokenizer) and model.num_parameters() < 1_000_000

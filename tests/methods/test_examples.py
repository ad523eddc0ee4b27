"""From records to token ids: what was said before an instruction stands in its prompt."""

from pathlib import Path

from farm.conversation import Message
from farm.methods.examples import Example, encode_examples, encode_pairs
from farm.models.checkpoint import Model, load_tokenizer
from farm.models.prompts import ChatPrompt
from farm.records import PreferencePair
from tests.families import save_family

CHAT = ChatPrompt(system="", input_separator="\n")


def test_pairs_and_examples_are_encoded_behind_their_history(tmp_path: Path) -> None:
    folder = save_family("gpt2", tmp_path)
    tokenizer = load_tokenizer(folder)
    model = Model(
        name="m", checkpoint=str(folder), prompt=CHAT, max_prompt_tokens=200, max_new_tokens=9, dtype="float32",
        device="cpu", threads=1, micro_batch_size=1, generation_batch_size=1, adapter=None,
    )  # fmt: skip
    history = (Message("system", "Be brief."),)
    (pair,) = encode_pairs(
        model, tokenizer, [PreferencePair(instruction="Sort.", chosen="a", rejected="b", history=history)]
    )
    (example,) = encode_examples(model, tokenizer, [Example("Sort.", "", "a", history=history)])
    shown = tokenizer.decode(pair.prompt_ids, skip_special_tokens=False)
    assert shown.removeprefix(str(tokenizer.bos_token)) == "<system>Be brief.\n<user>Sort.\n<assistant>"
    assert example.prompt_ids == pair.prompt_ids and example.completion_ids == pair.chosen_ids

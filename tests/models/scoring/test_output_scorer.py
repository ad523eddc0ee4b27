"""With a chat template a reward model reads what transformers' `apply_chat_template` writes, in every layout."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaForSequenceClassification, PreTrainedTokenizerFast

from farm.conversation import Message, Messages
from farm.errors import UserError
from farm.labels.labelled_pairs import read_labelled_pairs
from farm.models.checkpoint import load_tokenizer
from farm.models.prompts import ChatPrompt, PromptTemplate
from farm.models.scoring.output_scorer import OutputScorer
from farm.models.scoring.reward import RewardScorer
from farm.records import Output
from tests.data.layouts.one_pair import ASKED, CHOSEN, DIALOGUE, HISTORY, REJECTED, SINGLE, assistant, user, write
from tests.tiny import tiny_reward_model

CHATML = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] | trim }}<eos>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CHAT = ChatPrompt(system="", input_separator="\n\n")
ALPACA = PromptTemplate(without_input="Do: {instruction}\n", with_input="Do: {instruction} with {input}\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reward_model")
    _, tokenizer = tiny_reward_model(path)
    tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> LlamaForSequenceClassification:
    loaded = LlamaForSequenceClassification.from_pretrained(folder).eval()
    loaded.config.pad_token_id = None
    return loaded


def scorer(model: LlamaForSequenceClassification, folder: Path, *, template: str | None = CHATML) -> OutputScorer:
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = template
    reward = RewardScorer([model], tokenizer)
    return OutputScorer(reward=reward, prompt=CHAT, chat=CHAT, end_token=True, max_tokens=None, batch_size=8)


def by_transformers(
    model: LlamaForSequenceClassification, folder: Path, chat: list[dict[str, str]], **how: bool
) -> float:
    """The score of a conversation in words of transformers only."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    ids = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=False, **how)
    with torch.no_grad():
        return float(model(torch.tensor([ids])).logits.item())


@pytest.mark.parametrize(
    ("layouts", "history"), [(SINGLE, ()), (DIALOGUE, HISTORY)], ids=["single turn", "system message and earlier turn"]
)
def test_one_pair_has_one_key_and_one_score_in_every_layout(
    layouts: dict[str, dict[str, object]], history: Messages, model: LlamaForSequenceClassification, folder: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    pairs = [
        read_labelled_pairs(write(tmp_path / f"{name}.jsonl", row), labels_of=None).pairs[0]
        for name, row in layouts.items()
    ]
    assert {(p.preferred.instruction, p.preferred.output, p.other.output) for p in pairs} == {(ASKED, CHOSEN, REJECTED)}
    assert len({p.preferred.instruction_key for p in pairs}) == 1
    assert len({p.item_id for p in pairs if not p.preferred.generator}) == 1  # a pair by two models is another item
    prompt = [message._asdict() for message in (*history, Message("user", ASKED))]
    for outputs, answer in (([p.preferred for p in pairs], CHOSEN), ([p.other for p in pairs], REJECTED)):
        expected = by_transformers(model, folder, [*prompt, assistant(answer)])
        np.testing.assert_allclose(scorer(model, folder).score(outputs).scores, expected, rtol=1e-5)


def test_several_turns_are_scored_as_such(model: LlamaForSequenceClassification, folder: Path, tmp_path: Path) -> None:
    chosen = [user("Name a bird."), assistant("Owl."), user("More."), assistant("A duck and an otter.")]
    file = write(tmp_path / "t.jsonl", {"chosen": chosen, "rejected": [chosen[0], assistant("No.")]})
    (pair,) = read_labelled_pairs(file, labels_of=None).pairs
    (score,) = scorer(model, folder).score([pair.preferred]).scores
    assert score == pytest.approx(by_transformers(model, folder, chosen), rel=1e-5)


def test_nothing_follows_an_answer_that_was_cut(model: LlamaForSequenceClassification, folder: Path) -> None:
    cut = Output(instruction="Sort.", input="b, a", output="a, ", generator="", is_finished=False)
    (score,) = scorer(model, folder).score([cut]).scores
    chat = [user("Sort.\n\nb, a"), assistant("a, ")]
    assert score == pytest.approx(by_transformers(model, folder, chat, continue_final_message=True), rel=1e-5)
    assert score != pytest.approx(by_transformers(model, folder, chat), rel=1e-3)


def test_a_template_that_refuses_a_role_says_so(model: LlamaForSequenceClassification, folder: Path) -> None:
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    asked = Output(instruction="Sort.", output="a", generator="", history=(Message("system", "Be brief."),))
    with pytest.raises(UserError, match="takes no conversation of the roles system, user, assistant: no system role"):
        scorer(model, folder, template=refusing).score([asked])
    with pytest.raises(UserError, match="has no chat template"):
        scorer(model, folder, template=None).score([asked])


def test_a_plain_template_shows_the_history_as_a_transcript(folder: Path) -> None:
    asked = Output(instruction="Sort.", input="b, a", output="a", generator="", history=HISTORY[:1])
    rendered = ALPACA.render(load_tokenizer(folder), asked)
    assert rendered == "Do: System: Be brief.\n\nUser: Sort. with b, a\n"

"""A card says what is known, with intervals and n; and a name in it is a name, whatever is written in it."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from farm.config.conf_dirs import PACKAGE_DIR
from farm.pipeline.sharing.model_card import UNKNOWN, Licences, card_text
from farm.pipeline.sharing.policy_facts import Judged
from farm.records import Policy
from farm.store.keys import digest_of_path
from tests.attack.hostile_texts import HOSTILE, effects_in_markdown
from tests.pipeline.sharing.made_facts import STANDING, made_facts

NOBODY = Licences(own=None, base=None, dataset=None)


def front_matter(text: str) -> dict[str, object]:
    content = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(content, dict)
    return content


def test_win_rates_have_interval_n_and_judge() -> None:
    text = card_text(made_facts(Path("c")), NOBODY)
    # 0.6 +- 1.96 * 0.05: 0.502 to 0.698
    row = "| pool | longest (Baseline) | 60.0 +- 5.0 | [50.2, 69.8] | 100 | 10 | 4 | 100 | 81 | - |"
    assert row in text
    assert "| crowd | RubricPool | farm:LabelFlip | 240 | cc33 |" in text
    assert "| policy | aa11 | dpo | 3 | bb22 |" in text and "| method.beta | 0.1 |" in text


def test_the_hub_reads_its_front_matter() -> None:
    card = ModelCard(card_text(made_facts(Path("c")), Licences(own="apache-2.0", base=None, dataset=None)))
    assert card.data.license == "apache-2.0" and card.data.pipeline_tag == "text-generation"
    (result,) = card.data.eval_results or []
    assert (result.metric_type, result.metric_value, result.dataset_name) == ("win_rate", 0.6, "pond")
    assert "judged by pool (n 100)" in str(result.metric_name)


def test_licences_are_what_is_known_and_else_said_to_be_unknown() -> None:
    text = card_text(made_facts(Path("c")), NOBODY)
    assert "license" not in front_matter(text)
    assert f"| this model | {UNKNOWN} |" in text and f"| the base model | {UNKNOWN} |" in text
    assert "| the data | cc-by-nc-4.0 |" in text
    model = {"name": "pocket", "checkpoint": digest_of_path(PACKAGE_DIR / "pocket" / "base")}
    shipped = card_text(made_facts(Path("c"), model=model), Licences(own=None, base=None, dataset="mit"))
    assert "| the base model | apache-2.0 |" in shipped and "| the data | mit |" in shipped


def test_a_base_on_the_hub_is_named_and_a_folder_is_not() -> None:
    assert "base_model" not in front_matter(card_text(made_facts(Path("c")), NOBODY))
    named = made_facts(Path("c"), model={"name": "llama", "checkpoint": "owner/llama-7b"})
    assert front_matter(card_text(named, NOBODY))["base_model"] == "owner/llama-7b"


def test_what_the_checkpoint_alone_does_not_say_is_said() -> None:
    policy = Policy(checkpoint=Path("c"), temperature=1.0, best_of=16, scorer="reward_model", reward_model=Path("r"))
    text = card_text(
        made_facts(Path("c"), policy=replace(policy, prefix="<good>"), notes=["all outputs are one"]), NOBODY
    )
    assert "draws 16 answers" in text and "`reward_model/`" in text and "in front of its prompt" in text
    assert "- all outputs are one\n" in text


def test_nothing_known_is_no_figure() -> None:
    bare = card_text(made_facts(Path("c"), judged=[], feedback=[]), NOBODY)
    assert "Nobody has judged it" in bare and "No label" in bare and "model-index" not in bare
    unparsed = replace(STANDING, win_rate=None, standard_error=None, n_total=0)
    text = card_text(made_facts(Path("c"), judged=[Judged(standing=unparsed, judges=(), key="e")]), NOBODY)
    assert "| pool |  | - | - | 0 |" in text and "model-index" not in front_matter(text)


@pytest.mark.parametrize("evil", [*HOSTILE, "x\n---\nlicense: mit\n# [a](javascript:alert(1)) | <script>", "a: {b"])
def test_a_name_is_a_name(evil: str) -> None:
    row = replace(STANDING, annotator_eval=evil, dataset=evil, method=evil)
    facts = made_facts(
        Path("c"), method=evil, model={"name": evil, "checkpoint": evil}, dataset={"name": evil}, notes=[evil],
        settings={evil: evil}, judged=[Judged(standing=row, judges=(evil,), key="e")],
        feedback=[replace(made_facts(Path("c")).feedback[0], annotator=evil, judges=(evil,), noise=(evil,))],
    )  # fmt: skip
    text = card_text(facts, Licences(own=None, base=evil, dataset=evil))
    assert set(front_matter(text)) <= {"library_name", "pipeline_tag", "tags", "model-index"}
    body = text.split("---\n", 2)[2]
    headings = [line for line in body.splitlines() if line.startswith("#")]
    assert len([line for line in headings if line.startswith("# ")]) == 1 and len(headings) == 8
    assert effects_in_markdown(body) == []
    assert all(line.isprintable() for line in body.splitlines())

"""Facts about a policy that nobody trained."""

from pathlib import Path

from farm.pipeline.sharing.policy_facts import Ancestor, Feedback, Judged, PolicyFacts
from farm.records import Policy, Standing

STANDING = Standing(
    method="dpo", annotator_train="crowd", annotator_eval="pool", seed=3, dataset="pond", model="tiny",
    win_rate=0.6, standard_error=0.05, n_wins=55, n_ties=10, n_total=100, n_unparsed=4, n_instructions=100,
    mean_length=81.4, utility=None,
)  # fmt: skip


def made_facts(checkpoint: Path, **changes: object) -> PolicyFacts:
    """One policy; `changes` replace fields."""
    fields: dict[str, object] = {
        "key": "aa11",
        "policy": Policy(checkpoint=checkpoint, temperature=0.7),
        "method": "dpo",
        "seed": 3,
        "model": {"name": "tiny", "checkpoint": "sha256:00", "prompt": {"without_input": "{instruction}\n"},
                  "max_new_tokens": 12, "max_prompt_tokens": 48},
        "settings": {"method.beta": "0.1"},
        "dataset": {"name": "pond", "type": "farm:AlpacaFarmDataset"},
        "feedback": [
            Feedback(annotator="crowd", judges=("RubricPool",), noise=("farm:LabelFlip",), n_labels=240, key="cc33")
        ],
        "lineage": [
            Ancestor(kind="dataset", key="bb22", name="pond", seed=0, made_from=()),
            Ancestor(kind="policy", key="aa11", name="dpo", seed=3, made_from=("bb22",)),
        ],
        "judged": [Judged(standing=STANDING, judges=("longest (Baseline)",), key="dd44")],
        "notes": [],
    }  # fmt: skip
    return PolicyFacts(**{**fields, **changes})  # type: ignore[arg-type]

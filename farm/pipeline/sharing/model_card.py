"""A policy's model card: Hugging Face's README.md, front matter in YAML and the rest in Markdown.

What it says comes from the artifacts alone, but for the licences that the user names. Foreign text (names, notes,
settings) is escaped: it makes no link, picture, heading, row or formula, and no key of the front matter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from farm.config.conf_dirs import PACKAGE_DIR
from farm.pipeline.sharing.policy_facts import Feedback, Judged, PolicyFacts
from farm.plain_text import one_line
from farm.reports.markdown import escaped, escaped_paragraph
from farm.reports.text import MISSING, NO_NOISE, PERCENT, plus_minus
from farm.store.keys import digest_of_path
from farm.version import version

SETTINGS_FILE = "farm_policy.json"
"""How the policy is asked."""
REWARD_FOLDER = "reward_model"
"""Of the reward model that picks among several answers."""
UNKNOWN = "not stated: find out before you share this model"
_KNOWN_DATA = {"farm:PocketDataset": "apache-2.0", "farm:AlpacaFarmDataset": "cc-by-nc-4.0"}
"""Licences of what farm's own datasets read, by the name of their class in keys."""
_POCKET_BASE = PACKAGE_DIR / "pocket" / "base"
"""The pocket world's base model, part of farm."""
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_MAX_VALUE = 200
"""Characters of a setting that are shown; prompt texts are whole in farm_policy.json."""
_Z = 1.959964
"""97.5% quantile of the normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Licences:
    """What the user says about licences; None where nobody does."""

    own: str | None
    """Of this model: an identifier of Hugging Face, such as apache-2.0."""
    base: str | None
    """Of the pretrained model."""
    dataset: str | None
    """Of the data."""

    def of_dataset(self, facts: PolicyFacts) -> str:
        return self.dataset or _KNOWN_DATA.get(str(facts.dataset.get("type")), UNKNOWN)

    def of_base(self, facts: PolicyFacts) -> str:
        if self.base is not None:
            return self.base
        return "apache-2.0" if _weights(facts) == digest_of_path(_POCKET_BASE) else UNKNOWN


def card_text(facts: PolicyFacts, licences: Licences) -> str:
    """The whole README.md."""
    sections = [
        f"---\n{_front_matter(facts, licences)}---\n",
        f"# {escaped(_name(facts))}\n",
        _opening(facts),
        "## How it was judged\n",
        _judged(facts),
        "## Feedback it learnt from\n",
        _feedback(facts),
        "## How to use it\n",
        _use(facts),
        "## Limitations\n",
        _limitations(facts),
        "## Training\n",
        _table(("setting", "value"), [(name, _short(value)) for name, value in sorted(facts.settings.items())]),
        "## Lineage\n",
        "Keys of artifacts: each is a hash of what made it, so that the same key means the same settings and data.\n",
        _table(
            ("kind", "key", "name", "seed", "made from"),
            [(a.kind, a.key, a.name, str(a.seed), ", ".join(a.made_from)) for a in facts.lineage],
        ),
        f"The pretrained base is {escaped(_base(facts))}, with the weights {escaped(_weights(facts))}.\n",
        "## Licences\n",
        _table(("of", "licence"), [
            ("this model", licences.own or UNKNOWN),
            ("the base model", licences.of_base(facts)),
            ("the data", licences.of_dataset(facts)),
        ]),
    ]  # fmt: skip
    return "\n".join(sections)


def interval_of(rate: float, error: float) -> tuple[float, float]:
    """95%, by the normal approximation, within [0, 1]."""
    return max(0.0, rate - _Z * error), min(1.0, rate + _Z * error)


def _front_matter(facts: PolicyFacts, licences: Licences) -> str:
    """Written by a YAML library: a name cannot become a key."""
    content: dict[str, object] = {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["preference-learning", "preference-farm", one_line(facts.method)],
    }
    if licences.own is not None:
        content["license"] = one_line(licences.own)
    if _HUB_NAME.fullmatch(_weights(facts)):
        content["base_model"] = _weights(facts)
    results = [_result(judged) for judged in facts.judged if judged.standing.win_rate is not None]
    if results:
        content["model-index"] = [{"name": one_line(_name(facts)), "results": results}]
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _result(judged: Judged) -> dict[str, object]:
    row = judged.standing
    name = f"win rate against the reference, judged by {one_line(row.annotator_eval)} (n {row.n_total})"
    dataset = one_line(row.dataset)
    return {
        "task": {"type": "text-generation"},
        "dataset": {"name": dataset, "type": dataset},
        "metrics": [{"type": "win_rate", "value": row.win_rate, "name": name}],
    }


def _name(facts: PolicyFacts) -> str:
    return f"{_base(facts)}-{facts.method}-seed{facts.seed}"


def _base(facts: PolicyFacts) -> str:
    return str(facts.model.get("name", "")) or "model"


def _weights(facts: PolicyFacts) -> str:
    """A hash of their contents, or a name on the hub."""
    return str(facts.model.get("checkpoint", ""))


def _opening(facts: PolicyFacts) -> str:
    dataset = str(facts.dataset.get("name", "")) or "its dataset"
    return (
        f"A policy trained with {escaped(facts.method)} (seed {facts.seed}) from {escaped(_base(facts))} on "
        f"{escaped(dataset)}, by preference-farm {escaped(version())}; key of its artifact: {facts.key}.\n\n"
        "Intended use: research on learning from preferences, such as comparing methods, annotators and judges. It is "
        "not meant to be deployed to people: nothing here was trained or tested for safety.\n"
    )


def _judged(facts: PolicyFacts) -> str:
    if not facts.judged:
        return "Nobody has judged it under this root.\n"
    head = (
        "judged by", "judges", "win rate, %", "95% interval", "verdicts", "ties", "unparsed", "instructions",
        "mean length", "true utility",
    )  # fmt: skip
    table = _table(head, [_judged_cells(judged) for judged in facts.judged])
    return (
        f"{table}\nWin rate against the dataset's reference outputs; ties count one half, unparsed verdicts are left "
        "out and counted. +- is one standard error over instructions, and the interval 1.96 of them: both are of this "
        "seed alone. The judges are simulated annotators, not people.\n"
        f"{_zero_width(facts)}"
    )


def _zero_width(facts: PolicyFacts) -> str:
    is_somewhere = any(judged.standing.standard_error == 0 for judged in facts.judged)
    return f"\n{NO_NOISE}\n" if is_somewhere else ""


def _judged_cells(judged: Judged) -> tuple[str, ...]:
    row = judged.standing
    ends = MISSING
    if row.win_rate is not None and row.standard_error is not None:
        low, high = interval_of(row.win_rate, row.standard_error)
        ends = f"[{PERCENT.text(low)}, {PERCENT.text(high)}]"
    return (
        row.annotator_eval,
        ", ".join(judged.judges),
        plus_minus(row.win_rate, row.standard_error, PERCENT),
        ends,
        f"{row.n_total}",
        f"{row.n_ties}",
        f"{row.n_unparsed}",
        f"{row.n_instructions}",
        f"{row.mean_length:.0f}",
        MISSING if row.utility is None else f"{row.utility:.2f}",
    )


def _feedback(facts: PolicyFacts) -> str:
    if not facts.feedback:
        return "No label: neither this policy nor a reward model behind it learnt from preferences.\n"
    head = ("annotator", "judges", "noise", "labels", "key")
    return _table(head, [_feedback_cells(each) for each in facts.feedback])


def _feedback_cells(feedback: Feedback) -> tuple[str, ...]:
    n_labels = f"{feedback.n_labels}" if feedback.n_labels else MISSING
    noise = ", ".join(feedback.noise) or "none"
    return feedback.annotator, ", ".join(feedback.judges), noise, n_labels, feedback.key


def _use(facts: PolicyFacts) -> str:
    policy = facts.policy
    lines = [
        "The checkpoint is one of transformers. What it was asked with, prompt and sampling, stands in "
        f"`{SETTINGS_FILE}`: asked otherwise, it is not the policy that was judged. Its sampling temperature was "
        f"{policy.temperature:g}."
    ]
    if policy.prefix or policy.suffix:
        lines.append("A text stands in front of its prompt or behind it, which asks for the answers it learnt to give.")
    if policy.best_of > 1:
        beside = f" The reward model is in `{REWARD_FOLDER}/`." if policy.reward_model else ""
        lines.append(
            f"The policy that was judged draws {policy.best_of} answers and keeps the one that "
            f"{escaped(policy.scorer)} prefers; the checkpoint alone is not that policy.{beside}"
        )
    return "\n".join(f"{line}\n" for line in lines)


def _limitations(facts: PolicyFacts) -> str:
    lines = [
        "One seed: another seed of the same settings may rank elsewhere.",
        "Simulated annotators stand in for people here; how far their ranking can be trusted is a question of its own "
        "(`farm compare`).",
        "It was judged on this dataset's evaluation instructions only, and not for truth, bias or safety.",
        "What the base model cannot do, or does wrongly, it has kept.",
        *(escaped_paragraph(note) for note in facts.notes),
    ]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([escaped(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _short(value: str) -> str:
    return value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}..."

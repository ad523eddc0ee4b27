"""The page of one run: its lineage, what each stage took, and every setting."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from farm.leaderboard.site.inputs import RunRecord, StageRecord
from farm.leaderboard.site.ranking.cells import ABSENT


@dataclass(frozen=True, kw_only=True)
class ShownStage:
    """One artifact as the template shows it."""

    kind: str
    key: str
    parents: Sequence[tuple[str, str, str]]
    """Role, key, and kind; no kind if it is gone."""
    time: str
    drawing: Markup
    """Its share of the longest stage's time."""
    labels: str
    steps: str
    tokens: str
    flops: str
    memory: str
    seed: int
    machine: str
    phases: Sequence[tuple[str, str]]
    settings: Sequence[tuple[str, str]]


def shown_stages(run: RunRecord) -> list[ShownStage]:
    """The run's stages, the verdicts first."""
    kinds = {stage.key: stage.kind for stage in run.stages}
    longest = max([stage.cost.seconds for stage in run.stages], default=0.0) or 1.0
    return [_shown(stage, kinds, stage.cost.seconds / longest) for stage in run.stages]


def time_text(seconds: float) -> str:
    """Such as 3.2 s, 5 min 10 s, 2 h 05 min."""
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return (
        f"{round(seconds) // 60} min {round(seconds) % 60:02d} s"
        if minutes < 99
        else f"{minutes // 60} h {minutes % 60:02d} min"
    )


def _shown(stage: StageRecord, kinds: dict[str, str], share: float) -> ShownStage:
    cost = stage.cost
    parents = sorted(stage.parents.items(), key=lambda parent: _in_order(parent[0]))
    return ShownStage(
        kind=stage.kind,
        key=stage.key,
        parents=[(role, key, kinds.get(key, "")) for role, key in parents],
        time=time_text(cost.seconds),
        drawing=Markup(
            '<svg viewBox="0 0 100 12" class="ou" aria-hidden="true">'
            f'<path class="w" d="M0 6h{100 * share:.1f}"/></svg>'
        ),
        labels=_count(cost.labels),
        steps=_count(cost.gradient_steps),
        tokens=_count(cost.generated_tokens),
        flops=f"{cost.flops / 1e15:.3g}" if cost.flops else ABSENT,
        memory=_count(round(cost.peak_memory_mb)),
        seed=stage.seed,
        machine=stage.machine,
        phases=[(name, time_text(seconds)) for name, seconds in sorted(stage.phases.items())],
        settings=sorted(stage.settings.items(), key=lambda setting: _in_order(setting[0])),
    )


def _in_order(name: str) -> list[tuple[int, str]]:
    """What sorts names with numbers in them by the numbers: step 20 before step 100."""
    parts = re.split(r"([0-9]{1,18})", name)
    return [(int(part), "") if index % 2 else (-1, part) for index, part in enumerate(parts)]


def _count(number: int) -> str:
    return f"{number:,}" if number else ABSENT

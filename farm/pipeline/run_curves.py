"""What a run shows beside the curves of its trainings: what its stages took, who won, and how a checkpoint was chosen.

`run-METHOD-ANNOTATOR-SEED-KEY` has one point of each figure, logged when the run ends; KEY is that of its standings.

| name | formula | direction |
|---|---|---|
| win_rate/ANNOTATOR | mean score against the reference, in [0, 1]; ties 1/2, unparsed left out | up |
| standard_error/ANNOTATOR | of it, over instructions | down |
| n_wins/, n_ties/, n_total/, n_unparsed/ANNOTATOR | verdicts; n_total are the parsed ones | unparsed near 0 |
| mean_length/ANNOTATOR | mean characters of an output | a jump is gaming of judges |
| utility/ANNOTATOR | mean true utility, in closed worlds | up |
| reward_model/accuracy, log_loss, ... | on held-out pairs, as in `evaluation.json` | accuracy up, log_loss down |
| cost/KIND/seconds, generated_tokens, labels, gradient_steps, flops | sums over the run's artifacts of a kind | |
| cost/KIND/peak_memory_mb, peak_gpu_memory_mb | the largest of them | |

`selection-METHOD-ANNOTATOR-SEED-KEY` has a point for each candidate checkpoint, at its training step: win_rate,
standard_error, n_total, n_unparsed and mean_length, as above, but against the SFT policy and by the held-out judges.

Costs are those of when an artifact was made. What is unknown (no verdict was parsed, no utility is known) has no point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from farm.bounded.json_text import read_json_object
from farm.models.scoring.reward import EVALUATION
from farm.pipeline.chain import Chain
from farm.pipeline.judging.checkpoint_selection import Candidate
from farm.records import Standing
from farm.store.ancestry import manifest_of
from farm.store.artifacts import Artifact, StageReport
from farm.store.cost import Cost
from farm.store.tables import read_table
from farm.tracking.curves import curves_named

_OF_STANDINGS = (
    "win_rate", "standard_error", "n_wins", "n_ties", "n_total", "n_unparsed", "mean_length", "utility",
)  # fmt: skip
_OF_CANDIDATES = ("win_rate", "standard_error", "n_total", "n_unparsed", "mean_length")


def show_run(chain: Chain, standings: Artifact, reports: Sequence[StageReport]) -> None:
    """Show a finished run by the tools that were asked for.

    Args:
        chain: the run.
        standings: what it has measured.
        reports: what happened to its artifacts, in order.
    """
    artifacts = {report.artifact.key: report.artifact for report in reports}
    label = (chain.method_name, chain.annotator.name, f"seed{chain.seed}")
    for artifact in artifacts.values():
        if artifact.kind == "selection":
            with curves_named(("selection", *label, artifact.key), _settings_of(artifact)) as curves:
                for row in read_table(artifact.file("candidates.parquet"), Candidate):
                    curves.log(row.step, known({name: vars(row)[name] for name in _OF_CANDIDATES}))
    figures = {**_standing_figures(standings), **_reward_figures(artifacts), **_cost_figures(reports)}
    with curves_named(("run", *label, standings.key), _settings_of(standings)) as curves:
        curves.log(0, figures)


def known(figures: Mapping[str, object]) -> dict[str, float]:
    """Those that are numbers."""
    return {name: float(value) for name, value in figures.items() if isinstance(value, int | float)}


def _settings_of(artifact: Artifact) -> dict[str, object]:
    manifest = manifest_of(artifact)
    return {name: manifest[name] for name in ("kind", "component", "parents", "seed")}


def _standing_figures(standings: Artifact) -> dict[str, float]:
    rows = read_table(standings.file("standings.parquet"), Standing)
    return known({f"{name}/{row.annotator_eval}": vars(row)[name] for row in rows for name in _OF_STANDINGS})


def _reward_figures(artifacts: Mapping[str, Artifact]) -> dict[str, float]:
    files = [artifact.file(EVALUATION) for artifact in artifacts.values() if artifact.kind == "reward_model"]
    return known({f"reward_model/{name}": value for file in files for name, value in read_json_object(file).items()})


def _cost_figures(reports: Sequence[StageReport]) -> dict[str, float]:
    """Of an artifact that came up twice: once."""
    costs: dict[str, Cost] = {}
    for report in {report.artifact.key: report for report in reports}.values():
        costs[report.artifact.kind] = costs.get(report.artifact.kind, Cost()) + report.cost
    return {
        f"cost/{kind}/{name}": float(amount)
        for kind, cost in costs.items()
        for name, amount in asdict(cost).items()
        if amount
    }

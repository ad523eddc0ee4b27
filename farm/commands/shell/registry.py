"""The commands: what each is called, where it lives, what its help says. Nothing here imports a command."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of the command line."""

    name: str
    """As it is typed, after `farm`."""
    target: str
    """module:function; the function takes the rest of the line and returns the exit code."""
    config: str
    """Its YAML under conf/."""
    settings: tuple[str, ...]
    """The dataclasses whose fields are the YAML's own keys."""
    summary: str
    """One line."""
    examples: tuple[str, ...]
    """Command lines that work."""
    takes_sweeps: bool = False
    """Whether -m and several values of a key make several jobs."""
    reads_dataset: bool = False
    """Whether its `dataset` must be there before it starts."""
    actions: tuple[str, ...] = ()
    """Words and flags that may stand among the settings."""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.name.split())


COMMANDS = (
    Command(
        name="run",
        target="farm.commands.run:run",
        config="config",
        settings=("farm.pipeline.chain.Chain", "farm.options.run.Session", "farm.options.run.NoiseChoice"),
        summary="one chain, or a sweep: simulate labels, train a method, judge it",
        examples=(
            "farm run method=dpo annotator=crowd seed=0",
            "farm run -m method=ppo,dpo annotator=crowd,pool seed=0,1,2",
            "farm run experiment=pocket",
        ),
        takes_sweeps=True,
        reads_dataset=True,
    ),
    Command(
        name="annotate",
        target="farm.commands.annotate:annotate",
        config="annotate",
        settings=("farm.options.annotate.AnnotateSettings",),
        summary="let an annotator label a file of comparisons, or of two models' outputs",
        examples=(
            "farm annotate input=pairs.json output=labels.parquet annotator=pool budget_usd=5",
            "farm annotate 'input=[reference.json,model.json]' output=labels.json annotator=greedy dry_run=true",
        ),
    ),
    Command(
        name="score",
        target="farm.commands.score:score",
        config="score",
        settings=("farm.commands.score.ScoreSettings",),
        summary="a reward model's scores of any outputs, or its accuracy on labelled pairs",
        examples=(
            "farm score input=outputs.json output=scores.parquet reward_model=DIR",
            "farm score pairs=PATH output=DIR reward_model=DIR",
        ),
    ),
    Command(
        name="judges",
        target="farm.commands.judges:judges",
        config="judges",
        settings=("farm.options.judges.JudgesSettings",),
        summary="how good judges are: against labels, against baselines, under attack",
        examples=("farm judges input=labels.parquet", "farm judges input=PATH annotators=[greedy,pool]"),
    ),
    Command(
        name="cache",
        target="farm.commands.cache:cache",
        config="cache",
        settings=("farm.commands.cache.CacheCommand",),
        summary="what has been asked of judge models: look, export, forget",
        examples=("farm cache", "farm cache export output=calls.jsonl", "farm cache prune older_than_days=90"),
        actions=("look", "export", "prune"),
    ),
    Command(
        name="leaderboard",
        target="farm.commands.leaderboard:leaderboard",
        config="leaderboard",
        settings=("farm.commands.leaderboard.LeaderboardSettings",),
        summary="make the leaderboard from the artifacts under root; --check only says what differs",
        examples=("farm leaderboard", "farm leaderboard --check"),
        actions=("--check",),
    ),
    Command(
        name="evaluate",
        target="farm.commands.evaluate:evaluate",
        config="evaluate",
        settings=("farm.options.evaluate.EvaluateSettings",),
        summary="add a model to the leaderboard: from outputs, a policy, a server, recorded annotations",
        examples=(
            "farm evaluate outputs=model_outputs.json track=pocket name=mine",
            "farm evaluate annotations=results/ track=alpaca_eval output=DIR",
            "farm evaluate server=http://localhost:8000/v1 model=NAME track=own track.reference=reference.json "
            "annotator=greedy",
        ),
    ),
    Command(
        name="export",
        target="farm.commands.export:export",
        config="export",
        settings=("farm.options.export.ExportSettings",),
        summary="a policy with its model card, or a root's answers and verdicts in AlpacaEval's files",
        examples=("farm export policy=KEY output=DIR", "farm export format=alpaca_eval output=DIR"),
    ),
    Command(
        name="compare",
        target="farm.commands.compare:compare",
        config="compare",
        settings=("farm.options.compare.CompareSettings",),
        summary="simulated against crowd rankings, or recorded judges against humans",
        examples=(
            "farm compare",
            "farm compare humans=PATH simulated=PATH",
            "farm compare humans=votes.csv columns.instruction=question columns.output_1=answer_a "
            "columns.output_2=answer_b columns.preference=vote 'columns.preference_values={A:1,B:2,tie:1.5}'",
        ),
    ),
    Command(
        name="calibrate",
        target="farm.commands.calibrate:calibrate",
        config="calibrate",
        settings=("farm.options.calibrate.CalibrateSettings", "farm.analysis.calibration.fit_and_check.FitSettings"),
        summary="fit a simulated annotator to human labels",
        examples=(
            "farm calibrate humans=PATH judge=longest name=my_crowd",
            "farm calibrate humans=PATH judge=PATH name=mine",
        ),
    ),
    Command(
        name="plan",
        target="farm.commands.plan:plan",
        config="plan",
        settings=("farm.analysis.planning.plan.PlanSettings",),
        summary="how many labels, annotators and seeds a question needs",
        examples=("farm plan difference=0.05 confidence=0.9",),
    ),
    Command(
        name="pocket build",
        target="farm.commands.pocket:build_base",
        config="pocket_build",
        settings=("farm.commands.pocket.BuildCommand",),
        summary="pretrain the pocket world's base model again",
        examples=("farm pocket build output=DIR",),
    ),
)

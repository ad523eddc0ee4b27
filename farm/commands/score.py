"""`farm score`: a reward model's scores of outputs in a file, or how well it predicts the labels of pairs."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import torch
import transformers

from farm.commands.score_pairs import PairSettings, evaluate_on_pairs
from farm.config.compose import compose_one
from farm.config.objects import ConfigError, Problem, build
from farm.data.annotated_rows import extended_schema, kept_name, open_writers
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.row_stream import file_notes
from farm.data.files.rows import DataError, Row
from farm.data.files.table_files import writable_format_of
from farm.data.output_files import OutputFile, WrittenOutput, open_outputs
from farm.errors import UserError
from farm.labels.row_filter import check_condition, row_filters
from farm.models.chat_templates.renderer import check_chat_template
from farm.models.checkpoint import DTYPES, device_named
from farm.models.checkpoint_files.folder import no_folder
from farm.models.prompt_file import saved_prompt
from farm.models.prompts import ChatPrompt, Prompt
from farm.models.scoring.output_scorer import OutputScorer, Scored
from farm.models.scoring.reward import check_one_score, load_reward_scorer, reward_model_folders
from farm.plain_text import say
from farm.progress import progress
from farm.stats.bootstrap import Resampling

BATCHES_PER_CHUNK = 16
"""Rows are sorted by length within so many batches."""
SCORE, REASON = "score", "unscored_reason"


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """conf/score.yaml"""

    input: Path | None
    """A file of outputs."""
    pairs: Path | None
    """Recorded labels of pairs."""
    columns: ColumnMapping
    """Columns of a file in a layout of one's own."""
    output: Path
    """The file of the scored rows, or the folder of the evaluation."""
    reward_model: Path
    """A sequence classifier or an ensemble."""
    prompt: Prompt | None
    """How prompts look; None: as the reward model's folder says."""
    max_tokens: int | None
    """Longer rows get no score; None: what the reward model can read at once."""
    end_token: bool
    """Whether the end token follows finished outputs."""
    labels_of: str | None
    """The annotator whose labels count."""
    where: str | None
    """With pairs: a condition on the columns of the labels that count; None for all."""
    score_scale: float | None
    """Scores times this are log-odds; None: as the reward model's folder says."""
    length_gaps: tuple[int, ...]
    """Upper ends of the bins of length differences."""
    n_resamples: int
    """Of the bootstrap."""
    seed: int
    """Keys the bootstrap."""
    dtype: Literal["float32", "bfloat16"]
    """Weights and arithmetic."""
    device: str
    """Where it runs."""
    threads: int | None
    """CPU threads; None for all cores."""
    batch_size: int
    """Sequences scored at once."""

    def __post_init__(self) -> None:
        for name in ("max_tokens", "n_resamples", "threads", "batch_size"):
            value = vars(self)[name]
            if value is not None and value < 1:
                raise ValueError(f"{name}: expected at least 1, got {value}")
        if list(self.length_gaps) != sorted({gap for gap in self.length_gaps if gap > 0}):
            raise ValueError(f"length_gaps: expected ascending numbers above 0, got {list(self.length_gaps)}")
        check_condition("where", self.where)
        if self.where is not None and self.pairs is None:
            raise ValueError("where: is about labels, pairs=PATH; every row of input is scored")
        if self.score_scale is not None and self.score_scale <= 0:
            raise ValueError(f"score_scale: expected a number above 0, got {self.score_scale}")


def score(arguments: Sequence[str]) -> int:
    """Score the input or evaluate on the pairs; returns the exit code: 1 if no output has a score."""
    settings = compose_one("score", arguments, settings_of)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    if settings.pairs is not None:
        return evaluate_on_pairs(_pair_settings(settings), settings.pairs, lambda: load_output_scorer(settings))
    assert settings.input is not None
    start = time.monotonic()
    source = open_outputs(settings.input, settings.columns)
    for note in file_notes(settings.input):
        say(f"note: {note}", is_error=True)
    scorer = load_output_scorer(settings)
    counts = _score_file(source, scorer, settings)
    is_useless = counts.total() > 0 and not counts[""]
    if is_useless:
        limit = (
            "" if scorer.max_tokens is None else f" ({scorer.max_tokens} tokens of prompt and output are read at once)"
        )
        reasons = ", ".join(sorted(counts.keys() - {""}))
        say(f"farm: none of the {counts.total():,} outputs has a score: {reasons}{limit}", is_error=True)
    say(f"{settings.reward_model}: {counts.total():,} outputs from {settings.input}, {counts['']:,} with a score")
    for reason, count in sorted(counts.items()):
        if reason:
            say(f"  {count:,} without a score: {reason} (column {REASON})")
    say(f"  {time.monotonic() - start:.1f} s, written to {settings.output}")
    return int(is_useless)


def settings_of(config: Mapping[str, object]) -> ScoreSettings:
    """The settings that a composed configuration describes.

    Raises:
        ConfigError: with every problem.
    """
    given = {name: config.get(name) for name in ScoreSettings.__dataclass_fields__}
    problems = []
    if (given["input"] is None) == (given["pairs"] is None):
        problems.append(Problem("input", "give a file of outputs, input=PATH, or labelled pairs, pairs=PATH, not both"))
    for name, message in (
        ("output", "say where the scores go, output=PATH (with pairs: a folder)"),
        ("reward_model", "give a reward model's folder, reward_model=DIR"),
    ):
        if given[name] is None:
            problems.append(Problem(name, f"is required: {message}"))
            given[name] = "missing"
        elif isinstance(given[name], str):
            problems += _path_problems(name, Path(str(given[name])), given)
    try:
        settings = build(ScoreSettings, given)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None
    if problems:
        raise ConfigError(problems)
    return settings


def load_output_scorer(settings: ScoreSettings) -> OutputScorer:
    """The reward model with its prompts, ready to score.

    Raises:
        UserError: it is no reward model, or nothing says how its prompts look.
    """
    prompt = settings.prompt or saved_prompt(settings.reward_model)
    if prompt is None:
        raise UserError(
            f"{settings.reward_model} does not say how its prompts look (no prompt.json); give prompt=alpaca, "
            "prompt=chat (the tokenizer's chat template) or prompt=pocket"
        )
    reward = load_reward_scorer(
        settings.reward_model, dtype=DTYPES[settings.dtype], device=device_named(settings.device)
    )
    if isinstance(prompt, ChatPrompt):
        check_chat_template(reward.tokenizer)
    context, max_tokens = reward.context, settings.max_tokens
    if max_tokens is not None and context is not None and max_tokens > context:
        raise UserError(f"max_tokens: {settings.reward_model} can read {context} tokens at once, got {max_tokens}")
    return OutputScorer(
        reward=reward,
        prompt=prompt,
        chat=settings.prompt if isinstance(settings.prompt, ChatPrompt) else None,
        end_token=settings.end_token,
        max_tokens=context if max_tokens is None else max_tokens,
        batch_size=settings.batch_size,
    )


def _score_file(source: OutputFile, scorer: OutputScorer, settings: ScoreSettings) -> Counter[str]:
    """Write every row with its score; returns how often each reason, and the empty one, occurred."""
    n_members = len(scorer.reward.members)
    names = [f"{SCORE}_member_{number}" for number in range(1, n_members + 1)] if n_members > 1 else []
    added: dict[str, pa.DataType] = {SCORE: pa.float64(), **dict.fromkeys(names, pa.float64()), REASON: pa.string()}
    counts: Counter[str] = Counter()
    with (
        open_writers([settings.output], extended_schema(source.schema, added)) as (writer,),
        progress("scoring", total=source.n_rows, unit="outputs") as bar,
    ):
        for chunk in source.chunks(scorer.batch_size * BATCHES_PER_CHUNK):
            scored = scorer.score([each.output for each in chunk])
            writer.write(_scored_rows(chunk, scored, names, added))
            counts.update(reason.split(":")[0] for reason in scored.reasons)
            bar.note(f"{counts.total() - counts['']:,} without a score")
            bar.advance(len(chunk))
    return counts


def _scored_rows(
    chunk: Sequence[WrittenOutput], scored: Scored, member_names: Sequence[str], added: Mapping[str, pa.DataType]
) -> list[Row]:
    columns: dict[str, Sequence[object]] = {
        SCORE: _missing_to_none(scored.scores),
        **{name: _missing_to_none(member) for name, member in zip(member_names, scored.members, strict=False)},
        REASON: [reason or None for reason in scored.reasons],
    }
    return [
        {
            **{kept_name(name, added): value for name, value in each.row.items()},
            **{name: values[place] for name, values in columns.items()},
        }
        for place, each in enumerate(chunk)
    ]


def _missing_to_none(scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float | None]:
    return [float(score) if np.isfinite(score) else None for score in scores]


def _pair_settings(settings: ScoreSettings) -> PairSettings:
    return PairSettings(
        reward_model=settings.reward_model,
        output=settings.output,
        columns=settings.columns,
        labels_of=settings.labels_of,
        where=row_filters(settings.where),
        score_scale=settings.score_scale,
        length_gaps=settings.length_gaps,
        resampling=Resampling(seed=settings.seed, n_resamples=settings.n_resamples),
    )


def _path_problems(name: str, path: Path, given: Mapping[str, object]) -> list[Problem]:
    """What can be seen to be wrong with a path before anything is loaded."""
    try:
        if name == "reward_model":
            if not path.is_dir():
                return [Problem(name, no_folder(path))]
            for folder in reward_model_folders(path):
                check_one_score(folder)
        elif given["input"] is None:
            if path.is_file():
                return [Problem(name, f"{path} is a file; with pairs, give a folder")]
        elif path.is_dir():
            return [Problem(name, f"{path} is a folder; give the name of a file in it")]
        elif path.resolve() == Path(str(given["input"])).resolve():
            return [Problem(name, f"{path} is the input; scores go to a file of their own")]
        else:
            writable_format_of(path)
    except (DataError, UserError) as error:
        return [Problem(name, str(error))]
    return []

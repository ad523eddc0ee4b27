"""`farm.compare`: simulated annotators against people, label by label and ranking by ranking."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure

from farm.analysis.humans.comparison import HumanComparison, Source, compare_with_humans
from farm.analysis.humans.files import write_comparison
from farm.analysis.humans.pictures import draw_agreement, draw_pairs, draw_rankings
from farm.analysis.humans.report import human_page
from farm.analysis.humans.sources import KINDS, checked_sources, read_source, source_of_labels
from farm.api.reading import Labels, LabelSource, read_labels
from farm.api.settings import Setting, only_for_files, overrides_of
from farm.api.shown import html_of, png, text_of
from farm.errors import UserError
from farm.labels.published.standings import Role
from farm.options.compare import CompareSettings, compare_settings
from farm.reports.page import terminal
from farm.stats.bootstrap import Estimate

Picture = Literal["rankings", "agreement", "pairs"]
_PICTURES: Mapping[Picture, Callable[[HumanComparison, Path | None], Figure | None]] = {
    "rankings": draw_rankings,
    "agreement": draw_agreement,
    "pairs": draw_pairs,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonReport:
    """Simulated annotators beside people; or one of them, described."""

    details: HumanComparison
    """Everything that was computed."""

    @property
    def agreement(self) -> Estimate:
        """Share of simulated labels that are the human majority's, with its 95% interval."""
        return self.details.agreement.raw

    @property
    def spearman(self) -> Estimate:
        """Rank correlation of the two rankings by win rate, with its 95% interval."""
        return self.details.ranking.on_win_rates.spearman.estimate

    @property
    def text(self) -> str:
        """The report that `farm compare` prints."""
        return terminal(human_page(self.details, frozenset()))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, turned around or is missing."""
        return self.details.notes

    def to_frame(self) -> pd.DataFrame:
        """One row a model: its win rate, interval and number of labels by people and by simulated annotators.

        A published figure that is no win rate stands under its own name, humans_elo for example.
        """
        rows = []
        for name in self.details.all_models:
            row: dict[str, object] = {"model": name}
            for role, side in (("humans", self.details.humans), ("simulated", self.details.simulated)):
                of_side = None if side is None else next((m for m in side.models if m.model == name), None)
                for column in ("win_rate", "low", "high", "standard_error", "n_total"):
                    is_figure = column == "win_rate" and side is not None and not side.is_win_rate
                    shown_as = side.figure if is_figure and side is not None else column
                    row[f"{role}_{shown_as}"] = None if of_side is None else vars(of_side)[column]
            rows.append(row)
        return pd.DataFrame(rows)

    def annotators_frame(self) -> pd.DataFrame:
        """One row a simulated annotator: how far its labels agree with the humans'.

        Columns: annotator; agreement, the share of its labels that are the human majority's; kappa (Cohen); pearson and
        mean_difference of its and one human's grades, None where no label is graded; n_total of agreement.
        """
        judges = None if self.details.labels is None else self.details.labels.judges
        names = () if judges is None else judges.annotators
        measured = self.details.agreement_by_annotator or dict.fromkeys(names[:1], self.details.agreement)
        rows = [
            {
                "annotator": name,
                **{
                    f"{figure}{suffix}": value
                    for figure, estimate in (
                        ("agreement", agreement.raw),
                        ("kappa", agreement.kappa),
                        ("pearson", agreement.grades.pearson),
                        ("mean_difference", agreement.grades.mean_difference),
                    )
                    for suffix, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high))
                },
                "n_total": agreement.raw.n_total,
            }
            for name, agreement in measured.items()
        ]
        return pd.DataFrame(rows)

    def draw(self, path: str | Path | None = None, *, picture: Picture = "rankings") -> Figure:
        """A picture; written to `path` if one is given.

        Args:
            path: the PNG to write.
            picture: "rankings" (win rates against each other), "agreement" (label by label) or "pairs" (how surely each
                pair of models is ordered the same).

        Raises:
            farm.errors.UserError: there is nothing to draw.
        """
        figure = _PICTURES[picture](self.details, png(path))
        if figure is None:
            raise UserError(
                f"there is nothing to draw as {picture}: {self.details.ranking.reason or 'too few figures'}"
            )
        return figure

    def write(self, folder: str | Path) -> list[Path]:
        """Write comparison.json, report.md, report.html and the pictures, as `farm compare` does; returns the files."""
        return write_comparison(self.details, Path(folder))

    def __repr__(self) -> str:
        return text_of(self._title(), self._shown())

    def _repr_html_(self) -> str:
        return html_of(self._title(), self._shown(), self.notes)

    def _shown(self) -> pd.DataFrame:
        models = self.to_frame()
        return self.annotators_frame() if models.empty else models

    def _title(self) -> str:
        return f"Comparison: label agreement {_short(self.agreement)}; Spearman {_short(self.spearman)}"


def compare(
    humans: LabelSource | None = None, simulated: LabelSource | None = None, **settings: Setting
) -> ComparisonReport:
    """Compare simulated annotators with people: their labels on the same pairs, and the rankings of models.

    Args:
        humans: labels by people, of which the human rows are used; or a file of published standings.
        simulated: labels by simulated annotators, of which the llm rows are used; or a file of published standings. May
            be the same table. Either may be missing: then the other is described.
        settings: those of `farm compare`: annotator, tie_model, trained_in_lab, humans_format and so on.

    Raises:
        farm.errors.UserError: nothing to compare, or unknown settings.

    Example:
        >>> import farm
        >>> import pandas as pd
        >>> pairs = pd.DataFrame({
        ...     "instruction": [f"Name {n} fruits." for n in range(6)], "output_1": "Plum.", "output_2": "Pear.",
        ... })
        >>> people = pairs.assign(annotator="w1", annotator_kind="human", preference=[1, 1, 2, 2, 1, 2])
        >>> judge = pairs.assign(annotator="judge", annotator_kind="llm", preference=[1, 1, 2, 2, 1, 1])
        >>> result = farm.compare(people, judge, report={"n_resamples": 100})
        >>> print(f"{result.agreement.value:.3f} of {result.agreement.n_total}")
        0.833 of 6
    """
    only_for_files(settings, ("root", "output", "humans", "simulated", "columns"))
    options = compare_settings(overrides_of(settings))
    sources = checked_sources(
        _source(humans, "humans", options, is_alone=simulated is None),
        _source(simulated, "simulated", options, is_alone=humans is None),
        are_same=_are_same(humans, simulated),
    )
    return ComparisonReport(details=compare_with_humans(sources.humans, sources.simulated, options.ranking))


def _source(source: LabelSource | None, role: Role, options: CompareSettings, *, is_alone: bool) -> Source | None:
    if source is None:
        return None
    where = options.filters(role, is_alone=is_alone)
    annotator = options.annotator if role == "simulated" else None
    if isinstance(source, str | Path):
        column = options.humans_column if role == "humans" else options.simulated_column
        format = options.humans_format if role == "humans" else options.simulated_format
        return read_source(Path(source), role, column=column, format=format, annotator=annotator, where=where)
    labels = read_labels(source, kind=KINDS[role], where=where)
    return source_of_labels(labels.frame, labels.source, role, annotator)


def _are_same(humans: LabelSource | None, simulated: LabelSource | None) -> bool:
    """Whether both are one table: the same file, or the same object."""
    if humans is simulated:
        return True
    paths = [_path(source) for source in (humans, simulated)]
    return paths[0] is not None and paths[0] == paths[1]


def _path(source: LabelSource | None) -> Path | None:
    if isinstance(source, Labels) and source.annotated is None:
        source = source.source
    return Path(source).resolve() if isinstance(source, str | Path) and Path(source).exists() else None


def _short(value: Estimate) -> str:
    if value.value is None:
        return f"- ({value.reason})"
    if value.low is None or value.high is None:
        return f"{value.value:.2f}"
    return f"{value.value:.2f} [{value.low:.2f}, {value.high:.2f}]"

"""`farm.annotate`: a simulated annotator labels pairs of outputs."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from farm.annotators.annotator import Annotator
from farm.annotators.labelling import labelled_rows
from farm.annotators.noised import replace_noise
from farm.annotators.tally import Tally
from farm.api.reading import IN_MEMORY, Labels
from farm.api.settings import Setting, only_for_files, overrides_of
from farm.calls.lazy import lazy_calls
from farm.calls.spending.cost_report import cost_lines
from farm.data.comparison_files import comparisons_of, open_comparisons
from farm.data.comparisons import Comparisons
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.rows import Row, frame_rows
from farm.labels.annotation_table import notes_of
from farm.labels.formats.own_table import own_table
from farm.options.annotate import annotate_settings
from farm.records import Comparison

ComparisonSource = str | Path | tuple[str | Path, str | Path] | pd.DataFrame | Sequence[Comparison]
"""A file of comparisons, two files of outputs, a DataFrame with instruction, output_1 and output_2, or records."""


def annotate(comparisons: ComparisonSource, *, annotator: str | Annotator | None = None, **settings: Setting) -> Labels:
    """Let a simulated annotator label pairs of outputs.

    Args:
        comparisons: a file of comparisons, a pair of files of outputs, a DataFrame, or `farm.records.Comparison`s.
        annotator: a name in conf/annotator, an annotator (such as that of `farm.calibrate`); None as the YAML says.
        settings: those of `farm annotate`: seed, noise, budget_usd, panel and so on.

    Returns:
        The labels. Their `annotated` table has the given rows, in order, with all that is known of each verdict: judge,
        order of presentation, raw reply, cost. A budget that ended before all were labelled is said in `notes`.

    Raises:
        farm.errors.UserError: comparisons without the needed columns, unknown settings, an endpoint out of reach.

    Example:
        >>> import farm
        >>> import pandas as pd
        >>> pairs = pd.DataFrame({
        ...     "instruction": ["Name a fruit.", "Name a tree."],
        ...     "output_1": ["Plum.", "Oak."], "output_2": ["A fruit is a plum.", "Elm."],
        ... })
        >>> farm.annotate(pairs, annotator="longest").to_frame()["preference"].tolist()
        [2.0, 1.5]
    """
    only_for_files(settings, ("input", "output", "dry_run"))
    chosen: dict[str, Setting] = {"annotator": annotator} if isinstance(annotator, str) else {}
    options = annotate_settings(overrides_of({**chosen, **settings}), has_files=False)
    labelling = options.labelling
    if annotator is not None and not isinstance(annotator, str):
        labelling = dataclasses.replace(labelling, annotator=replace_noise(annotator, options.noise))
    tally, rows = Tally(), list[Row]()
    with _opened(comparisons, options.columns) as source, lazy_calls(options.calls, needs_all=False) as calls:
        for chunk in labelled_rows(source, labelling, calls, tally):
            rows += chunk
        report = None if calls.session is None else calls.session.report()
        stop = None if calls.session is None else calls.session.budget_stop()
    frame = own_table(IN_MEMORY, rows, "llm")
    short = tally.shortfall(labelling.annotator.name, options.calls.max_unparsed)
    said = [
        *short,
        *source.notes,
        *tally.lines(),
        *cost_lines(report, options.calls.human, tally.n),
        *([stop] if stop else []),
    ]
    return Labels(
        source=IN_MEMORY,
        format="table",
        notes=tuple([*said, *notes_of(frame)]),
        frame=frame,
        annotated=pd.DataFrame(rows),
    )


@contextmanager
def _opened(source: ComparisonSource, columns: ColumnMapping) -> Iterator[Comparisons]:
    if isinstance(source, pd.DataFrame):
        yield comparisons_of(list(columns.renamed(frame_rows(source), IN_MEMORY)), IN_MEMORY)
        return
    given = [source] if isinstance(source, str | Path) else list(source)
    records = [each for each in given if isinstance(each, Comparison)]
    if records:
        fields = Comparison.__dataclass_fields__
        yield comparisons_of([{name: vars(record)[name] for name in fields} for record in records], IN_MEMORY)
        return
    with open_comparisons([Path(str(path)) for path in given], columns) as comparisons:
        yield comparisons

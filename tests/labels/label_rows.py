"""Made-up annotation tables."""

import numpy as np
import pandas as pd

from farm.labels.annotation_row import AnnotationRow, annotation_frame


def row(item: str, annotator: str, preference: float | None, models: tuple[str, str] = ("a", "b")) -> AnnotationRow:
    """Annotators whose name starts with h are human."""
    return AnnotationRow(
        item_id=item,
        instruction=f"Do {item}.",
        model_1=models[0],
        model_2=models[1],
        output_1="x",
        output_2="y",
        annotator=annotator,
        annotator_kind="human" if annotator.startswith("h") else "llm",
        preference=preference,
    )


def crowd(
    n_items: int = 240, *, annotators: tuple[str, ...] = ("h1", "h2", "judge"), names: str = "abcd", seed: int = 0
) -> pd.DataFrame:
    """Four models, later names better; everybody labels every item and errs in one of five."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(n_items):
        one, other = rng.choice(4, 2, replace=False)
        truth = 1.0 if rng.random() < 1 / (1 + np.exp(0.7 * (other - one))) else 2.0
        for annotator in annotators:
            said = truth if rng.random() < 0.8 else 3 - truth
            rows.append(row(f"{item:04}", annotator, said, (names[one], names[other])))
    return annotation_frame(rows)

"""One chain with everything that it needs of its process: threads, quiet libraries, calls to judge models."""

from typing import NamedTuple

import torch
import transformers

from farm.calls.lazy import lazy_calls
from farm.calls.settings import CallSettings
from farm.calls.spending.ledger import LedgerReport
from farm.pipeline.chain import Chain
from farm.pipeline.run_curves import show_run
from farm.pipeline.training import run_chain
from farm.store.artifacts import Artifact, Store
from farm.tracking.curves import reporting_to
from farm.tracking.settings import TrackingSettings


class FinishedRun(NamedTuple):
    """A chain that ran to its end."""

    standings: Artifact
    costs: LedgerReport | None
    """What judge models took; None if none was asked."""


def run_in_this_process(store: Store, chain: Chain, calls: CallSettings, tracking: TrackingSettings) -> FinishedRun:
    """Make, or find, everything that the chain needs.

    Args:
        store: where its artifacts go.
        chain: the run.
        calls: how judge models are asked, if its annotators have any.
        tracking: whom the curves of its trainings are shown to.

    Raises:
        UserError: something outside the code is wrong, or the budget ended before all was asked.
    """
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if chain.model.threads is not None:
        torch.set_num_threads(chain.model.threads)
    # Annotations with holes where the budget ended must not become an artifact.
    n_before, trackers = len(store.reports), tracking.trackers(store.root)
    with lazy_calls(calls, needs_all=True) as asked, reporting_to(trackers):
        standings = run_chain(store, chain, asked)
        if trackers:
            show_run(chain, standings, store.reports[n_before:])
        return FinishedRun(standings, None if asked.session is None else asked.session.report())

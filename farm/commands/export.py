"""`farm export`: a policy with its model card, or a root's answers and verdicts in AlpacaEval's files."""

import sys
from collections.abc import Sequence
from pathlib import Path

from farm.leaderboard.collection.everything import collect
from farm.leaderboard.interchange.alpaca_eval_tree import write_alpaca_eval
from farm.options.export import ExportSettings, export_settings
from farm.pipeline.sharing.folder import share_policy
from farm.pipeline.sharing.hub import push_folder
from farm.pipeline.sharing.model_card import Licences
from farm.pipeline.sharing.policy_facts import policy_facts
from farm.plain_text import say
from farm.store.artifacts import Store


def export(arguments: Sequence[str]) -> int:
    """Write what was asked for; returns the exit code."""
    settings = export_settings(arguments)
    store = Store(settings.root, is_read_only=True)
    files = _answers(store, settings) if settings.policy is None else _policy(store, settings, settings.policy)
    for file in files:
        say(str(file))
    if settings.push_to_hub is not None:
        address = push_folder(settings.output, files, settings.push_to_hub, is_private=settings.private)
        say(f"sent to {address}")
    return 0


def _policy(store: Store, settings: ExportSettings, key: str) -> list[Path]:
    licences = Licences(own=settings.license, base=settings.base_license, dataset=settings.dataset_license)
    return share_policy(policy_facts(store, key), licences, settings.output)


def _answers(store: Store, settings: ExportSettings) -> list[Path]:
    collected = collect(store)
    for line in collected.skipped:
        print(line, file=sys.stderr)
    entries = [
        entry
        for entry in collected.entries
        if settings.track in (None, entry.track)
        and settings.annotator in (None, entry.annotator)
        and settings.model in (None, entry.name)
    ]
    return write_alpaca_eval(store, collected, entries, settings.output)

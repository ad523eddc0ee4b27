"""Local causal LMs as judge models: which are loaded, and in which order their requests run.

torch and transformers are imported when the first local request must be computed, and not before: reading cached
verdicts of a local judge needs neither.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from farm.calls.request import ModelSlot, Reply, Request
from farm.calls.settings import LocalSettings
from farm.errors import UserError
from farm.models.checkpoint_files.folder import check_folder, no_folder
from farm.store.keys import digest_of_path

if TYPE_CHECKING:
    from farm.calls.local.local_model import LocalModel

PART = 256
"""Requests between two commits to the cache."""


class LocalModels:
    """The local models of one session. One request batch runs at a time."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._identities: dict[str, str] = {}
        self._loaded: dict[str, LocalModel] = {}
        self._lock = threading.Lock()

    def identity(self, slot: ModelSlot) -> str:
        """Stands for the model in the cache: the digest of its files, and the precision it runs in.

        Raises:
            UserError: there is no such directory, or it is no checkpoint.
        """
        with self._lock:
            known = self._identities.get(slot.model)
            if known is None:
                path = Path(slot.model).expanduser()
                if not path.is_dir():
                    raise UserError(f"local judge model: {no_folder(path)}")
                check_folder(path)  # before a file is read, for what is linked there may never end
                known = f"{digest_of_path(path)} {self._settings.dtype}"
                self._identities[slot.model] = known
            return known

    def parts(self, requests: Sequence[Request]) -> Iterator[list[int]]:
        """Positions of requests that run together: one model and one way of decoding, like lengths beside each other.

        Longest first, so that what does not fit into memory shows at once.
        """
        groups: dict[object, list[int]] = {}
        for i, request in enumerate(requests):
            groups.setdefault((request.slot.model, request.decoding, bool(request.labels)), []).append(i)
        for positions in groups.values():
            positions.sort(key=lambda i: -sum(len(message.content) for message in requests[i].messages))
            for start in range(0, len(positions), PART):
                yield positions[start : start + PART]

    def answer(self, numbered: Sequence[tuple[int, Request]]) -> list[tuple[int, Reply]]:
        """Replies to requests of one part, with their numbers."""
        from farm.calls.local.local_model import LocalModel

        requests = [request for _, request in numbered]
        with self._lock:
            name = requests[0].slot.model
            model = self._loaded.get(name)
            if model is None:
                model = self._loaded[name] = LocalModel(Path(name).expanduser(), self._settings)
            replies = model.score(requests) if requests[0].labels else model.generate(requests)
        return [(i, reply) for (i, _), reply in zip(numbered, replies, strict=True)]

"""The decoding step as CUDA graphs.

A step of one token is many small kernels, which a GPU finishes faster than the host can launch them. Captured once and
replayed, they cost the host one launch. A graph's shapes are fixed, so there is one graph per number of columns, which
is rounded up; what lies behind a row's position is masked anyway.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from farm.models.decoders.decoder import Decoder

WIDTH_STEP = 64
"""Columns are rounded up to a multiple of this: few graphs, little attention to empty columns."""


class _Graph(NamedTuple):
    graph: torch.cuda.CUDAGraph
    logits: Tensor
    """(S, V) written by every replay."""


class GraphedDecoder:
    """A `Decoder` around one whose step neither waits for the device nor allocates outside of it."""

    def __init__(self, decoder: Decoder, n_slots: int, capacity: int, device: torch.device) -> None:
        self._decoder = decoder
        self._capacity = capacity
        self._token_ids = torch.zeros(n_slots, dtype=torch.long, device=device)
        self._positions = torch.zeros(n_slots, dtype=torch.long, device=device)
        self._graphs: dict[int, _Graph] = {}

    def prefill(self, slots: Tensor, input_ids: Tensor, sources: Tensor) -> None:
        self._decoder.prefill(slots, input_ids, sources)

    def step(self, token_ids: Tensor, positions: Tensor, width: int) -> Tensor:
        """As `Decoder.step`; the logits are overwritten by the next step."""
        self._token_ids.copy_(token_ids)
        self._positions.copy_(positions)
        width = min(-(-width // WIDTH_STEP) * WIDTH_STEP, self._capacity)
        if width not in self._graphs:
            with torch.cuda.device(self._token_ids.device):  # streams are made on the current one
                self._graphs[width] = self._capture(width)
        captured = self._graphs[width]
        captured.graph.replay()
        return captured.logits

    def keep(self, slots: Tensor) -> None:
        self._decoder.keep(slots)
        # The cache lies elsewhere now, so the graphs are void.
        self._graphs.clear()
        self._token_ids, self._positions = self._token_ids[slots], self._positions[slots]

    def _capture(self, width: int) -> _Graph:
        # By hand: `torch.cuda.graph` also gives all cached memory back to the driver, which training takes again.
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            if not self._graphs:
                # Libraries set themselves up at their first call, which capture forbids. Nothing is lost by a real
                # step: it writes the column that the replay will write again.
                self._decoder.step(self._token_ids, self._positions, width)
            torch.cuda.synchronize()
            graph.capture_begin()
            logits = self._decoder.step(self._token_ids, self._positions, width)
            graph.capture_end()
        torch.cuda.current_stream().wait_stream(stream)
        return _Graph(graph, logits)

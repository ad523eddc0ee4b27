"""Torch's side of farm/seeds.py: generators and uniform draws keyed by purpose."""

import torch

from farm.seeds import derive_seed


def torch_rng_for(seed: int, purpose: str, key: str = "") -> torch.Generator:
    """A CPU torch generator for one purpose."""
    return torch.Generator().manual_seed(derive_seed(seed, purpose, key))

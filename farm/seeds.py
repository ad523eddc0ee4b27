"""Every random draw of the laboratory comes from here.

A draw is keyed by (seed, purpose, key), never by its position in a batch and never by Python's salted `hash()`:
adding a row, changing a batch size or running in another process changes nobody else's draw.
"""

import hashlib

import numpy as np


def derive_seed(seed: int, purpose: str, key: str = "") -> int:
    """A 63-bit integer determined by the three arguments."""
    digest = hashlib.sha256(f"{seed}\x1f{purpose}\x1f{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def sample_seed(seed: int, sample: int) -> int:
    """The seed of one of several draws of the same thing; sample 0 is the draw made where there is only one."""
    return seed if sample == 0 else derive_seed(seed, "sample", str(sample))


def rng_for(seed: int, purpose: str, key: str = "") -> np.random.Generator:
    """A NumPy generator for one purpose, e.g. `rng_for(seed, "label flip", comparison.key)`."""
    return np.random.default_rng(derive_seed(seed, purpose, key))


def uniform_for(seed: int, purpose: str, key: str = "") -> float:
    """One uniform draw in [0, 1); far cheaper than making a generator for it."""
    return derive_seed(seed, purpose, key) / 2**63

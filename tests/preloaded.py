"""What the fork server of tests/forked.py has imported: all of farm, and what that imports only when it is used."""

import gc
import importlib
import pkgutil

import genai_prices  # noqa: F401
import matplotlib.pyplot as plt  # noqa: F401
import transformers.models.gpt_neox.modeling_gpt_neox
import transformers.models.llama.modeling_llama  # noqa: F401

import farm

for _module in pkgutil.walk_packages(farm.__path__, "farm."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)
gc.freeze()  # forks leave these objects where they are

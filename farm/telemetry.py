"""Usage reports of libraries are off, unless the user has switched them on; set before any of them is imported."""

import os

SWITCHES = {
    "DO_NOT_TRACK": "1",  # hub, vLLM and others
    "HF_HUB_DISABLE_TELEMETRY": "1",  # hub, transformers, trl, gradio; trainers of trl would ask the hub when made
    "RAY_USAGE_STATS_ENABLED": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "WANDB_MODE": "disabled",  # trainers report to nobody here; this is for what a method of the user's own may start
}


def switch_off_telemetry() -> None:
    """Set what the user's environment does not say otherwise; worker processes inherit it."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)

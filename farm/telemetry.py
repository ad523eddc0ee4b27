"""Usage reports of libraries are off, unless the user has switched them on; set before any of them is imported."""

import os

SWITCHES = {
    "DO_NOT_TRACK": "1",  # hub, vLLM and others
    "HF_HUB_DISABLE_TELEMETRY": "1",  # hub, transformers, trl, gradio; trainers of trl would ask the hub when made
    "RAY_USAGE_STATS_ENABLED": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "WANDB_MODE": "disabled",  # for what a method of the user's own may start; report_to=wandb opens it, offline
    "WANDB_ERROR_REPORTING": "false",
}
_SET_HERE = "FARM_SWITCHED_OFF"
"""Names of the variables that were set here; worker processes inherit it with them."""


def switch_off_telemetry() -> None:
    """Set what the user's environment does not say otherwise; worker processes inherit it."""
    ours = [name for name in SWITCHES if name not in os.environ]
    os.environ.update({name: SWITCHES[name] for name in ours})
    if ours:
        os.environ[_SET_HERE] = ",".join([*filter(None, os.environ.get(_SET_HERE, "").split(",")), *ours])


def set_by_user(name: str) -> str | None:
    """What the user's environment says; None where it says nothing, whatever was switched off here."""
    value = os.environ.get(name)
    is_ours = name in os.environ.get(_SET_HERE, "").split(",") and value == SWITCHES[name]
    return None if is_ours else value

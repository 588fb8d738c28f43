"""Where computing happens: devices, threads, memory."""

from impasto.engine.device import (
    available_memory,
    choose_device,
    choose_precision,
    cpu_threads,
    usable_cores,
)

__all__ = ["available_memory", "choose_device", "choose_precision", "cpu_threads", "usable_cores"]

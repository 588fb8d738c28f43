"""Where computing happens: devices, threads, memory."""

from impasto.engine.ahead import ahead, at_once
from impasto.engine.device import (
    available_memory,
    choose_device,
    choose_precision,
    cpu_threads,
    usable_cores,
    used_memory,
)
from impasto.engine.rows import Rows

__all__ = [
    "Rows",
    "ahead",
    "at_once",
    "available_memory",
    "choose_device",
    "choose_precision",
    "cpu_threads",
    "usable_cores",
    "used_memory",
]

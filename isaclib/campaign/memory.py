"""The largest memory that this process has taken."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
"""Where Linux tells a process of itself."""


def peak_memory_mb() -> float:
    """Return the largest resident memory of this process, or of one that it started, in MB."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    own = _high_water_kb() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes
    return round(max(own, children) / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _high_water_kb() -> int | None:
    # Linux's ru_maxrss begins with the memory of the process that was there before exec: a workflow's, say
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)

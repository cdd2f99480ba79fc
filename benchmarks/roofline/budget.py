"""Where the time of an algorithm goes, from what it computes and what the machine can do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from probe import Peaks

FUNCTION_FLOPS = 20.0
"""Flops that a sine, an exponential and the like count as: the terms of their polynomials."""

NOT_FLOPS = ("scalar bytes", "packed bytes", "random", "new array", "instructions")
ARITHMETIC = ("scalar", "packed", "library", "arrays")
SPECIAL = ("scalar divide", "packed divide", "scalar sqrt", "packed sqrt")

PARTS = (
    *("vector arithmetic", "scalar arithmetic", "division, root, function", "library call, new array"),
    *("load and store", "other instructions, waiting", "outside"),
)
"""Parts of an algorithm's time; `Budget` says what they are."""


def functions(counts: dict[str, float]) -> dict[str, float]:
    """Return the calls of functions among what was counted."""
    return {name: n for name, n in counts.items() if " " not in name and name not in (*NOT_FLOPS, *ARITHMETIC)}


def flops(counts: dict[str, float]) -> float:
    """Additions, multiplications, divisions and roots one each, functions `FUNCTION_FLOPS`."""
    return sum(counts.get(name, 0.0) for name in (*ARITHMETIC, *SPECIAL)) + FUNCTION_FLOPS * sum(
        functions(counts).values()
    )


@dataclass(frozen=True)
class Budget:
    """Time of a realisation, or of its part in one kernel.

    Attributes
    ----------
    seconds, flops, bytes : float
        What was measured and counted; `bytes` are loaded and stored within kernels.
    vector_share : float
        Share of additions and multiplications in vector registers, those of BLAS and NumPy among them.
    instructions : float
        Of LLVM's code, within kernels.
    parts : tuple of float
        Shares of the time, as `PARTS`: within kernels what vector and scalar arithmetic, divisions, roots and
        functions, calls of BLAS and LAPACK and new arrays take at the rates of the probe, what loads and stores
        take beyond these, and the rest, instructions that are no arithmetic, and waiting; then what is outside.
    """

    seconds: float
    flops: float
    bytes: float
    instructions: float
    vector_share: float
    parts: tuple[float, ...]

    @property
    def gflops(self) -> float:
        """Gflop/s."""
        return 1e-9 * self.flops / self.seconds


def kernel_budget(seconds: float, counts: dict[str, float], peaks: Peaks) -> Budget:
    """Budget of a kernel."""
    total = Counter(counts)
    vector = total["packed"] / peaks.packed
    scalar = total["scalar"] / peaks.scalar
    # a function that was not measured by itself counts as an exponential
    special = sum(total[name] * peaks.nanoseconds[name] for name in SPECIAL) + sum(
        n * peaks.nanoseconds.get(name, peaks.nanoseconds["exp"]) for name, n in functions(counts).items()
    )
    around = sum(n * peaks.nanoseconds[name] for name, n in total.items() if name.startswith(("call ", "new ")))
    moving = total["packed bytes"] / peaks.cache_gb_s + total["scalar bytes"] / peaks.scalar_gb_s
    parts = [vector, scalar, special, around]
    parts.append(max(0.0, moving - sum(parts)))
    parts.append(max(0.0, 1e9 * seconds - sum(parts)))
    arithmetic = sum(total[name] for name in ARITHMETIC)
    return Budget(
        seconds=seconds,
        flops=flops(counts),
        bytes=total["packed bytes"] + total["scalar bytes"],
        instructions=total["instructions"],
        vector_share=1.0 - total["scalar"] / arithmetic if arithmetic else 0.0,
        parts=(*(part / sum(parts) for part in parts), 0.0),
    )


def budget(timed: dict[str, Any], counted: dict[str, Any], peaks: Peaks) -> tuple[Budget, dict[str, Budget]]:
    """Budget of an algorithm, and of each of its kernels."""
    seconds, outside = timed["seconds"], Counter(counted["outside"])
    kernels = {name: kernel_budget(spent, counted["kernels"][name], peaks) for name, spent in timed["kernels"].items()}
    everything = sum((Counter(each) for each in counted["kernels"].values()), Counter()) + outside
    parts = [sum(each.seconds * each.parts[i] for each in kernels.values()) / seconds for i in range(len(PARTS))]
    parts[-1] = 1.0 - sum(parts)
    arithmetic = sum(everything[name] for name in ARITHMETIC)
    total = Budget(
        seconds=seconds,
        flops=flops(everything),
        bytes=sum(each.bytes for each in kernels.values()),
        instructions=everything["instructions"],
        vector_share=1.0 - everything["scalar"] / arithmetic,
        parts=tuple(parts),
    )
    return total, kernels

"""Solvers that know no wireless (floor 0)."""

from pathlib import Path

from isaclib.numerics.compiled import forget_stale_kernels

forget_stale_kernels(Path(__file__).parents[1])

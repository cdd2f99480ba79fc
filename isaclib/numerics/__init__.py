"""Solvers that know no wireless (floor 0)."""

from pathlib import Path

from isaclib.numerics.compiled import follow_sources

follow_sources(Path(__file__).parents[1])

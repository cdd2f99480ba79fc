"""Solvers that know no wireless (floor 0)."""

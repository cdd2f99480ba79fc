"""Plots of summaries (floor 4)."""

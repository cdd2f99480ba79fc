"""Schemes of ``modular``: one a file."""

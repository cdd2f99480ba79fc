"""Schemes of ``stars``: one a file."""

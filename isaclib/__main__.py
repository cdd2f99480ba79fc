"""``python -m isaclib``: the command line."""

from isaclib.cli import app

app()

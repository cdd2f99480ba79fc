"""What the help of a command shows besides its options."""

from __future__ import annotations


def examples(*commands: str) -> str:
    """Return the examples under a command's help, one a line."""
    # an empty line between them keeps each on a line of its own; a bracket would open a style
    return "\n\n".join(("Examples:", *(command.replace("[", "\\[") for command in commands)))

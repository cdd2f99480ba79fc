"""Files that are there whole or not at all: written under another name, brought to the disk, renamed."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".part"
"""Ending of files being written; nothing ever reads them."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file so that it is there whole or not at all."""
    with written(path) as partial, open(partial, "wb") as file:
        file.write(content)


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Hand out the name under which `path` is written; give it its own name once it is closed.

    What processes that were killed have left of the same file goes first.

    Raises
    ------
    OSError
        In one line, naming the file, where it cannot be written: a full disk, say.
    """
    partial = partial_path(path)
    try:
        for left in _partials(path):
            if abandoned(left):
                left.unlink(missing_ok=True)
        yield partial
        publish(partial, path)
    # netCDF tells a full disk as a RuntimeError, which names nothing
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        left_bytes = shutil.disk_usage(path.parent).free
        raise OSError(
            f"{path}: cannot be written: {reason or error} ({left_bytes} bytes are left on the disk): "
            "make room, or write elsewhere; what is finished stays"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def partial_path(path: Path) -> Path:
    """Return the temporary name under which this process writes `path`: hidden, same folder."""
    return path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}{PARTIAL}")


def abandoned(partial: Path) -> bool:
    """Tell whether a temporary file was left by a process of this machine that has died."""
    owner = re.fullmatch(rf".*\.{re.escape(socket.gethostname())}-(\d+)-[0-9a-f]+{re.escape(PARTIAL)}", partial.name)
    if owner is None:
        return False
    try:
        os.kill(int(owner[1]), 0)
    except ProcessLookupError:
        return True
    # somebody else's
    except PermissionError:
        return False
    return False


def publish(partial: Path, path: Path) -> None:
    """Bring a closed file to the disk and give it its name."""
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(partial, path)
    # the new name itself must survive a crash too
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _partials(path: Path) -> list[Path]:
    with os.scandir(path.parent) as entries:
        return [
            path.with_name(entry.name)
            for entry in entries
            if entry.name.startswith(f".{path.name}.") and entry.name.endswith(PARTIAL)
        ]

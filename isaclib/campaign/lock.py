"""The lock of a working directory: who holds it, and letting go of what only the dead hold.

Snakemake's lock says that files are being made, not by whom. Beside it every workflow keeps a file
named after its machine and process, under a lock of the operating system, which ends with the
process however that ends, and which no later process of the same number has.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import socket
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []
"""Files of this process: a lock lasts as long as its file is open."""


def announce(folder: str | Path = ".") -> None:
    """Say that this process works in a folder, for as long as it lives; a dry run too.

    Parameters
    ----------
    folder : path
        Where Snakemake works: its ``.snakemake`` is there.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    home = _home(folder)
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{socket.gethostname()}.{os.getpid()}"
    # locked before it is seen
    hidden = path.with_name(f".{path.name}")
    file = hidden.open("w")
    # a file system without locks: `unlock` will see that it cannot tell
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    hidden.replace(path)
    _held.append(file)
    atexit.register(path.unlink, missing_ok=True)


def unlock(folder: str | Path = ".", *, dead: Collection[str] = ()) -> bool:
    """Release Snakemake's lock where every workflow that may hold it is dead.

    Parameters
    ----------
    folder : path
        Where Snakemake works.
    dead : collection of str
        Machines whose workflows are dead: those of another machine cannot be seen from here.

    Returns
    -------
    bool
        Whether anything was locked.

    Raises
    ------
    ValueError
        In one line, where a workflow is alive, or may be; nothing is changed then.
    """
    left = sorted(path for path in _home(folder).glob("*") if not path.name.startswith("."))
    for path in left:
        host, _, process = path.name.rpartition(".")
        held, since = _state(path)
        who = f"{Path(folder).resolve()}: a workflow, process {process} of {host}, since {since}"
        if held:
            raise ValueError(f"{who}, is at work here: wait for its end, or end it; nothing was changed")
        if (host != socket.gethostname() or held is None) and host not in dead:
            said = f"if it is dead, say so by --dead {host} (make resume DEAD={host})"
            raise ValueError(f"{who}, cannot be seen from here: {said}; nothing was changed")
    locks = Path(folder) / ".snakemake" / "locks"
    locked = any(locks.glob("*.lock"))
    if locked and not left:
        raise ValueError(f"{locks}: nobody says whose lock it is: `snakemake --unlock` releases it whatever is alive")
    # what `snakemake --unlock` does, which would do it whatever is alive, and not at all with a mistake in a campaign
    shutil.rmtree(locks, ignore_errors=True)
    for path in left:
        path.unlink(missing_ok=True)
    return locked


def _home(folder: str | Path) -> Path:
    return Path(folder).resolve() / ".snakemake" / "workflows"


def _state(path: Path) -> tuple[bool | None, str]:
    """Whether a living process holds a file, None where that cannot be told, and since when."""
    try:
        with path.open("r+") as file:
            since = f"{datetime.fromtimestamp(path.stat().st_mtime):%Y-%m-%d %H:%M}"
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # gone in this moment: it has ended
    except FileNotFoundError:
        return False, ""
    except BlockingIOError:
        return True, since
    # somebody else's file, or no locks on this file system
    except OSError:
        return None, "some time"
    return False, since

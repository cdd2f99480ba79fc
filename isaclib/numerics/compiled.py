"""Keeping compiled kernels in step with their sources.

Numba keeps a compiled function until the file that holds it changes, and never looks at the files
of the functions it calls. After an update of some files only, a kernel would go on with an old
version of what it calls, and nobody would notice.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

STAMP = "sources.sha256"

CACHE = "NUMBA_CACHE_DIR"
"""Where Numba keeps what it compiles, if not beside the sources."""


def follow_sources(package: Path) -> None:
    """See to it that no kernel of a package goes on with an old version of what it calls.

    Parameters
    ----------
    package : Path
        Folder of the package. Kernels beside the sources are removed where these have changed; in a
        folder of one's own, ``NUMBA_CACHE_DIR``, every state of the sources has one for itself.
    """
    if not (folder := os.environ.get(CACHE)):
        forget_stale_kernels(package)
        return
    own = f"isaclib-{_digest(package)[:16]}"
    # a process that this one starts is there already
    if Path(folder).name != own:
        os.environ[CACHE] = str(Path(folder) / own)
        if "numba" in sys.modules:
            sys.modules["numba"].config.CACHE_DIR = os.environ[CACHE]


def forget_stale_kernels(package: Path) -> bool:
    """Remove compiled kernels from a package whose sources have changed since they were compiled.

    Parameters
    ----------
    package : Path
        Folder of the package.

    Returns
    -------
    bool
        Whether the sources had changed.
    """
    digest = _digest(package)
    stamp = package / "__pycache__" / STAMP
    if stamp.exists() and stamp.read_text() == digest:
        return False
    try:
        for kernel in package.rglob("__pycache__/*.nb[ic]"):
            kernel.unlink(missing_ok=True)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest)
    except OSError:
        # a read-only installation: Numba then compiles elsewhere, under names of its own
        pass
    return True


def _digest(package: Path) -> str:
    sources = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        if b"numba" in content:
            sources.update(path.name.encode() + b"\0" + content)
    return sources.hexdigest()

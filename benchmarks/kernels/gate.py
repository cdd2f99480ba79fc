"""Refuse a change that makes a kernel more than a tenth slower than it is at the baseline.

    python benchmarks/kernels/gate.py [--baseline COMMIT] [--kernels NAME ...]

The commit in the file `baseline` is unpacked beside the environment, and each kernel of this working tree is timed
against itself there: two processes, a call by turns, CPU time, the least of many. docs/kernels.md says how certain
that is.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kernels import KERNELS
from verdict import LIMIT, ROUNDS, Times, judge

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Side:
    """A process that times kernels of one version of the package.

    Parameters
    ----------
    tree : Path
        Folder that holds the package ``isaclib``.
    """

    def __init__(self, tree: Path) -> None:
        # Numba's own folder, if one is named, would serve kernels that call something older
        environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
        environment |= {"PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tree,
            env=environment,
        )
        found = Path(self._read())
        if not found.is_relative_to(tree):
            raise RuntimeError(f"isaclib was taken from {found}, expected {tree}")

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a process that timed kernels ended before its time")
        return json.loads(line)

    def time(self, name: str) -> float | str:
        """CPU seconds of one call, or what went wrong."""
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


def measure(old: Path, new: Path, names: Sequence[str], calls: int) -> dict[str, Times]:
    """Time kernels in two new processes by turns, all kernels once in each cycle.

    Kernels that the old version does not have are left out.

    Raises
    ------
    RuntimeError
        When one fails in the new version.
    """
    with ThreadPoolExecutor() as threads:
        sides = list(threads.map(Side, (old, new)))
        # what is compiled, is at the same time
        first = list(threads.map(lambda side: [side.time(name) for name in names], sides))
    for name, seconds in zip(names, first[1], strict=True):
        if isinstance(seconds, str):
            raise RuntimeError(f"{name}: {seconds}")
    times: dict[str, Times] = {
        name: ([], []) for name, seconds in zip(names, first[0], strict=True) if not isinstance(seconds, str)
    }
    for cycle in range(calls):
        for name, spent in times.items():
            for side in (0, 1) if cycle % 2 else (1, 0):
                spent[side].append(float(sides[side].time(name)))
    for side in sides:
        side.close()
    return times


def unpack(commit: str) -> Path | None:
    """Return a folder that holds the package at a commit, None when this clone does not have it.

    It is kept beside the environment with the kernels compiled in it; those of other commits are removed.
    """
    git = ["git", "-C", str(ROOT)]
    named = subprocess.run([*git, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], capture_output=True)
    if named.returncode:
        return None
    trees = Path(sys.prefix) / "baseline"
    tree = trees / named.stdout.decode().strip()
    if not tree.exists():
        packed = subprocess.run([*git, "archive", tree.name, "isaclib"], check=True, capture_output=True).stdout
        shutil.rmtree(trees, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(trees / "incomplete")
        (trees / "incomplete").rename(tree)
    return tree


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", default=(HERE / "baseline").read_text().strip(), metavar="COMMIT")
    parser.add_argument("--kernels", nargs="+", choices=list(KERNELS), default=list(KERNELS), metavar="NAME")
    chosen = parser.parse_args()
    tree = unpack(chosen.baseline)
    if tree is None:
        print(f"the baseline of the kernels, {chosen.baseline}, is not in this clone: no kernel was compared")
        return 0
    verdicts = judge(lambda names, calls: measure(tree, ROOT, names, calls), chosen.kernels)
    print(f"CPU ms a call at {tree.name[:12]} and now, on this machine")
    for name in chosen.kernels:
        if name not in verdicts:
            print(f"{name:32} not at the baseline")
            continue
        found = verdicts[name]
        mark = f"  more than {LIMIT - 1.0:.0%} slower in each of {ROUNDS} rounds" if found.slower else ""
        print(f"{name:32}{1e3 * found.old:9.2f}{1e3 * found.new:9.2f}{found.ratio:7.2f}{mark}")
    return int(any(found.slower for found in verdicts.values()))


if __name__ == "__main__":
    sys.exit(main())

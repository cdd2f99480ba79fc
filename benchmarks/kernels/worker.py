"""Time kernels on demand: a name comes in, CPU seconds of one call, or what went wrong, go out, a line each.

Started by `gate.py` with the version of isaclib to be timed first in PYTHONPATH; the first line says where it was
found. The first call of a kernel, which may compile, is not counted.
"""

from __future__ import annotations

import json
import sys

from kernels import KERNELS, cpu_seconds, keep_memory

import isaclib


def main() -> None:
    keep_memory()
    print(json.dumps(isaclib.__file__), flush=True)
    calls = {}
    for line in sys.stdin:
        name = line.rstrip("\n")
        try:
            if name not in calls:
                calls[name] = KERNELS[name].prepare()
                calls[name]()
            began = cpu_seconds()
            calls[name]()
            answer: float | str = cpu_seconds() - began
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

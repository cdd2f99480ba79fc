"""Floating-point operations of compiled kernels, counted while they run.

What the processor is given is counted: the optimised intermediate code of LLVM, in which every
basic block gets a counter. A vector instruction counts each of its numbers, a fused multiply-add
two; comparisons, signs and roundings are free. Calls of BLAS and LAPACK count by `LIBRARY`.

The counts are those of a compiler on a machine, as those of the processor's own counters would be:
what it moves out of a loop is counted once, what it computes in vain beyond a loop's end is not spared.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import llvmlite.binding as llvm
import numpy as np
from numba.core.codegen import JITCPUCodegen
from numba.core.dispatcher import Dispatcher

LIBRARY = {
    "dot": {"0": 2.0},
    "nrm2": {"0": 2.0},
    "gemv": {"01": 2.0},
    "gemm": {"012": 2.0},
    "getrf": {"000": 2.0 / 3.0},
    "getri": {"000": 4.0 / 3.0},
    "gesv": {"000": 2.0 / 3.0, "001": 2.0},
    "potrf": {"000": 1.0 / 3.0},
    "evd": {"000": 9.0},
    "geqrf": {"011": 2.0, "111": -2.0 / 3.0},
    "gqr": {"022": 2.0, "222": -2.0 / 3.0},
}
"""Flops of real matrices by the sizes that are multiplied, counted from 0 in the order of the call ("012": m n k).

Four times as many for complex ones. Golub and Van Loan count so.
"""

MOST_BLOCKS = 1 << 20
FREE = {"fabs", "copysign", "floor", "ceil", "trunc", "rint", "round", "minnum", "maxnum", "minimum", "maximum"}

_ARITHMETIC = re.compile(r"= (fadd|fsub|fmul|fdiv|frem) (?:[a-z]+ )*(?:<(\d+) x )?(?:double|float)\b")
_MEMORY = re.compile(r"(?:= load|^ +store) (?:volatile )?(?:<(\d+) x )?double\b")
_FUNCTION = re.compile(r"call (?:[a-z]+ )*(?:<\d+ x )?(?:double|float)>? @([a-z][\w.]*)\(")
_LIBRARY = re.compile(r"call (?:[a-z]+ )*i32 @numba_(?:ez_|raw_)?x*([a-z0-9]+)\((.*)\)")
_ARRAY = re.compile(r"call (?:[a-z]+ )*ptr @NRT_(?:MemInfo_)?[aA]lloc\w*\(")
_NO_INSTRUCTION = re.compile(
    r"^ *(;|$)| = (phi|getelementptr|bitcast|inttoptr|ptrtoint|freeze)\\b|@llvm\\.(assume|dbg|lifetime)"
)
_LABEL = re.compile(r'[-\w.$"]+:')


def operations(line: str) -> Counter[str]:
    """Count what one line of intermediate code does.

    Keys are ``scalar`` and ``packed`` for additions and multiplications, these with ``divide`` and
    ``sqrt`` or ``bytes`` (loaded or stored) behind them, names of functions (``exp``), ``new array``,
    and calls of the library (``call gemm``). All the rest are ``instructions`` too, but for those that
    become part of others.
    """
    if found := _ARITHMETIC.search(line):
        name, lanes = found[1], found[2]
        how = "packed" if lanes else "scalar"
        return Counter({f"{how} divide" if name in ("fdiv", "frem") else how: int(lanes or 1)})
    if found := _MEMORY.search(line):
        return Counter({"packed bytes" if found[1] else "scalar bytes": 8 * int(found[1] or 1)})
    if _ARRAY.search(line):
        return Counter({"new array": 1})
    if found := _LIBRARY.search(line):
        return Counter({f"call {_library(found[1])}": 1})
    if not (found := _FUNCTION.search(line)):
        return Counter()
    name, _, kind = found[1].removeprefix("llvm.").partition(".")
    lanes = re.search(r"\bv(\d+)f", kind)
    count, how = (int(lanes[1]), "packed") if lanes else (1, "scalar")
    if name == "vector":
        # llvm.vector.reduce.fadd.v4f64: three additions
        return Counter(packed=count - 1) if "fadd" in kind or "fmul" in kind else Counter()
    if name == "masked":
        return Counter({"packed bytes": 8 * count})
    if name in ("fma", "fmuladd"):
        return Counter({how: 2 * count})
    if name == "sqrt":
        return Counter({f"{how} sqrt": count})
    return Counter() if name in FREE or name.startswith("numba") else Counter({name: count})


def _library(called: str) -> str:
    """Return the key in `LIBRARY` of what Numba calls ``ez_xxgetri`` or the like."""
    for name in LIBRARY:
        if called.endswith(name):
            return name
    raise NotImplementedError(f"flops of {called}: expected one of {', '.join(LIBRARY)}")


class Counts:
    """Operations of all kernels that were compiled within `counting`."""

    def __init__(self) -> None:
        self._runs = np.zeros(MOST_BLOCKS, dtype=np.int64)
        # kernels count for as long as the process lives, whoever still looks
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._runs))
        self._blocks: list[Counter[str]] = []

    def total(self) -> Counter[str]:
        """Return what has been counted so far."""
        total: Counter[str] = Counter()
        for runs, block in zip(self._runs[: len(self._blocks)].tolist(), self._blocks, strict=True):
            for name, count in block.items() if runs else ():
                total[name] += runs * count
        return total

    def instrument(self, text: str) -> str:
        """Put a counter into every basic block of a module that computes something."""
        out: list[str] = []
        block: list[str] | None = None  # none outside of functions
        for line in text.splitlines():
            if block is None or line == "}" or _LABEL.match(line):
                out += [*self._counted(block or []), line]
                block = [] if line.startswith("define") or (block is not None and line != "}") else None
            else:
                block.append(line)
        return "\n".join(out)

    def _counted(self, block: list[str]) -> list[str]:
        done = sum(map(operations, block), Counter())
        if instructions := sum(not _NO_INSTRUCTION.search(line) for line in block):
            done["instructions"] = instructions
        lines = [new for line in block for new in self._library_call(line)]
        if not done:
            return lines
        at = next(i for i, line in enumerate(lines) if " = phi " not in line)
        lines[at:at] = self._add("1", done)
        return lines

    def _add(self, runs: str, done: Counter[str]) -> list[str]:
        """Code that counts so many runs of what is done."""
        number = len(self._blocks)
        self._blocks.append(done)
        place = f"ptr inttoptr (i64 {self._runs.ctypes.data + 8 * number} to ptr)"
        return [
            f"  %before.{number} = load i64, {place}",
            f"  %after.{number} = add i64 %before.{number}, {runs}",
            f"  store i64 %after.{number}, {place}",
        ]

    def _library_call(self, line: str) -> list[str]:
        found = _LIBRARY.search(line)
        if not found:
            return [line]
        # the kind is a constant: s, d, c or z
        real = 4 if chr(int(re.search(r"i8 (?:[a-z]+ )*(\d+)", found[2])[1])) in "cz" else 1
        sizes = re.findall(r"i64 (?:[a-z]+ )*([^ ,)]+)", found[2])
        lines = []
        for term, flops in LIBRARY[_library(found[1])].items():
            product = f"%product.{len(self._blocks)}"
            factors = [sizes[int(at)] for at in term] + ["1"] * (3 - len(term))
            lines += [
                f"  {product}.2 = mul i64 {factors[0]}, {factors[1]}",
                f"  {product} = mul i64 {product}.2, {factors[2]}",
                *self._add(product, Counter(library=real * flops)),
            ]
        return [*lines, line]


@contextmanager
def counting() -> Iterator[Counts]:
    """Count the operations of every kernel that Numba compiles meanwhile, for as long as the process lives.

    Nothing is read from its cache, nor kept there.
    """
    counts = Counts()
    add_module, cache = JITCPUCodegen._add_module, Dispatcher.enable_caching

    def add_counted(codegen: JITCPUCodegen, module: llvm.ModuleRef) -> None:
        # the module itself stays as it is: kernels that call this one are made of it
        add_module(codegen, llvm.parse_assembly(counts.instrument(str(module))))

    JITCPUCodegen._add_module, Dispatcher.enable_caching = add_counted, lambda dispatcher: None
    try:
        yield counts
    finally:
        JITCPUCodegen._add_module, Dispatcher.enable_caching = add_module, cache

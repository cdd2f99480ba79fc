"""Floating-point operations of NumPy, counted call by call.

Arrays made within `counting` are of a class that sees every universal function and every function
of NumPy that takes them, and counts by the size of what comes out. Real numbers: one each; complex
ones as NumPy computes them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

MAKERS = ("empty", "zeros", "ones", "full", "eye", "array", "asarray", "ascontiguousarray", "arange", "linspace")
"""Functions that make arrays of what is none."""

REAL = {"add": 1, "subtract": 1, "multiply": 1, "square": 1}
COMPLEX = {"add": 2, "subtract": 2, "multiply": 6, "square": 3}
"""Additions and multiplications of a number."""

FREE = {
    *("negative", "positive", "conjugate", "maximum", "minimum", "fmax", "fmin", "sign", "floor", "ceil", "rint"),
    *("isnan", "isfinite", "isinf", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "invert", "signbit", "copysign", "clip"),
}

LINALG = {
    "eigh": lambda m, n: 9 * n**3,
    "eigvalsh": lambda m, n: 4 / 3 * n**3,
    "inv": lambda m, n: 2 * n**3,
    "solve": lambda m, n: 2 / 3 * n**3,
    "det": lambda m, n: 2 / 3 * n**3,
    "slogdet": lambda m, n: 2 / 3 * n**3,
    "cholesky": lambda m, n: n**3 / 3,
    "qr": lambda m, n: 4 * n**2 * (m - n / 3),
    "svd": lambda m, n: 4 * m**2 * n + 8 * m * n**2 + 9 * n**3,
}
"""Real flops of a matrix (m, n), as in `compiled.LIBRARY`; those of `solve` with two more n^2 a right-hand side."""

tally: Counter[str] = Counter()
"""Operations so far, by the keys of `compiled.operations`."""


class Counted(np.ndarray):
    """An array that counts what is done with it."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        plain = [_plain(value) for value in inputs]
        if out is not None:
            kwargs["out"] = tuple(_plain(value) for value in out)
        if "where" in kwargs:
            kwargs["where"] = _plain(kwargs["where"])
        result = getattr(ufunc, method)(*plain, **kwargs)
        first = result[0] if isinstance(result, tuple) else result
        arrays = [value for value in plain if isinstance(value, np.ndarray)]
        size = np.size(first)
        if method in ("reduce", "accumulate", "reduceat"):
            size = arrays[0].size - (size if method == "reduce" else 0)
        if ufunc is np.matmul or ufunc in (np.vecdot, np.matvec, np.vecmat):
            inner = plain[0].shape[-1]
            tally["library"] += (8 if np.iscomplexobj(first) else 2) * inner * size
        elif np.asarray(first).dtype.kind in "fc" and not ufunc.signature:
            _count(ufunc.__name__, size, any(np.iscomplexobj(value) for value in plain))
        return _counted(result) if out is None else (out[0] if len(out) == 1 else out)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name, first = function.__name__, next((value for value in args if isinstance(value, np.ndarray)), None)
        if name == "einsum":
            tally["library"] += _einsum(args)
        elif function.__module__ == "numpy.linalg" and name in LINALG:
            matrices = math.prod(first.shape[:-2])
            flops = LINALG[name](*first.shape[-2:])
            if name == "solve":
                flops += 2 * first.shape[-1] ** 2 * args[1].shape[-1]
            tally["library"] += round(matrices * flops * (4 if np.iscomplexobj(first) else 1))
        return _counted(super().__array_function__(function, types, args, kwargs))


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def _counted(value: Any) -> Any:
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(_counted(part) for part in value)
    return value.view(Counted) if type(value) is np.ndarray and value.dtype.kind in "fc" else value


def _count(name: str, size: int, is_complex: bool) -> None:
    if name in FREE:
        return
    known = COMPLEX if is_complex else REAL
    if name in known:
        tally["arrays"] += known[name] * size
    elif name in ("divide", "reciprocal"):
        tally["scalar divide"] += (2 if is_complex else 1) * size
        tally["arrays"] += (6 if is_complex else 0) * size
    elif name == "sqrt" and not is_complex:
        tally["scalar sqrt"] += size
    elif name == "absolute" and is_complex:
        tally["hypot"] += size
    elif name == "exp" and is_complex:
        for part in ("exp", "sin", "cos"):
            tally[part] += size
    elif name != "absolute":
        tally[name] += size


def _einsum(args: Any) -> int:
    """One multiplication an operand but the first, and one addition, for every combination of indices."""
    inputs = args[0].replace(" ", "").partition("->")[0].split(",")
    pairs = zip(inputs, args[1:], strict=True)
    sizes = {letter: n for term, value in pairs for letter, n in zip(term, value.shape, strict=True)}
    is_complex = any(np.iscomplexobj(value) for value in args[1:])
    return math.prod(sizes.values()) * ((6 if is_complex else 1) * (len(inputs) - 1) + (2 if is_complex else 1))


class _Generator(np.random.Generator):
    """Random numbers that are counted, by their number."""

    def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
        tally["random"] += np.size(numbers := super().standard_normal(*args, **kwargs))
        return _counted(numbers)

    def random(self, *args: Any, **kwargs: Any) -> Any:
        tally["random"] += np.size(numbers := super().random(*args, **kwargs))
        return _counted(numbers)


def _maker(function: Any) -> Any:
    return lambda *args, **kwargs: _counted(function(*args, **kwargs))


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count what is done with arrays that are made meanwhile; kernels have to be compiled before."""
    tally.clear()
    makers = {name: _maker(getattr(np, name)) for name in MAKERS}
    with mock.patch.multiple(np, **makers), mock.patch.object(np.random, "Generator", _Generator):
        yield tally

"""What one core of this machine can do: arithmetic, special functions and memory, measured.

python benchmarks/roofline/probe.py
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numba
import numpy as np

DEPTH = 16
"""Multiply-adds of each number between its load and its store: next to nothing is memory."""


SMALL = 4


@dataclass(frozen=True)
class Peaks:
    """Of one core, float64, one flop an addition, multiplication, division or square root.

    Attributes
    ----------
    clock_ghz : float
        From a chain of dependent one-cycle instructions.
    packed, scalar, chain : float
        Gflop/s of independent multiply-adds in vector registers, of scalar ones, and of scalar
        ones that each wait for the one before.
    width_bits : int
        Vector registers of the first.
    blas : float
        Gflop/s of a complex matrix product of order 512.
    memory_gb_s, cache_gb_s : float
        Triad a = b + s c of arrays of 64 MB, and of 8 kB, which stay in the first cache.
    scalar_gb_s : float
        Single numbers loaded from the first cache.
    nanoseconds : dict of str to float
        Of a division, a square root (each number, in vector registers and alone) and calls of the C
        library, back to back but independent; of BLAS and LAPACK on complex matrices of order `SMALL`;
        of a new array.
    """

    clock_ghz: float
    packed: float
    scalar: float
    chain: float
    width_bits: int
    blas: float
    memory_gb_s: float
    cache_gb_s: float
    scalar_gb_s: float
    nanoseconds: dict[str, float]


@numba.njit(fastmath={"contract"})
def _packed(x: np.ndarray, a: float, b: float, rounds: int) -> None:
    for _ in range(rounds):
        for i in range(x.size):
            t = x[i]
            for _ in range(DEPTH):
                t = t * a + b
            x[i] = t


@numba.njit(fastmath={"contract"})
def _scalar(a: float, b: float, rounds: int) -> float:
    s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 = 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9
    for _ in range(rounds):
        s0, s1, s2, s3, s4 = s0 * a + b, s1 * a + b, s2 * a + b, s3 * a + b, s4 * a + b
        s5, s6, s7, s8, s9 = s5 * a + b, s6 * a + b, s7 * a + b, s8 * a + b, s9 * a + b
    return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9


@numba.njit(fastmath={"contract"})
def _chain(a: float, b: float, rounds: int) -> float:
    s = 0.1
    for _ in range(rounds):
        s = s * a + b
    return s


@numba.njit
def _cycles(x: np.uint64, rounds: int) -> np.uint64:
    """Six dependent instructions a round, one cycle each on every processor of the last decade."""
    for _ in range(rounds):
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
    return x


@numba.njit
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, scale: float, rounds: int) -> None:
    for _ in range(rounds):
        for i in range(a.size):
            a[i] = b[i] + scale * c[i]


@numba.njit
def _loads(x: np.ndarray, rounds: int) -> float:
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for _ in range(rounds):
        # strict sums stay as they are written: two loads a cycle, or two additions
        for i in range(x.shape[1]):
            s0, s1, s2, s3 = s0 + x[0, i], s1 + x[1, i], s2 + x[2, i], s3 + x[3, i]
            s4, s5, s6, s7 = s4 + x[4, i], s5 + x[5, i], s6 + x[6, i], s7 + x[7, i]
    return s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7


@numba.njit(error_model="numpy")
def _divisions(x: np.ndarray, y: np.ndarray, rounds: int) -> None:
    for _ in range(rounds):
        for i in range(x.size):
            y[i] = 1.3 / x[i]


@numba.njit
def _roots(x: np.ndarray, y: np.ndarray, rounds: int) -> None:
    for _ in range(rounds):
        for i in range(x.size):
            y[i] = math.sqrt(x[i])


def _over(function: Callable[[float], float]) -> Callable[[np.ndarray, int], float]:
    """Make a loop of a function that no vector registers can hold."""

    @numba.njit(error_model="numpy")
    def loop(x: np.ndarray, rounds: int) -> float:
        kept = 0.0
        for _ in range(rounds):
            for i in range(x.size):
                # the strict sum keeps the loop scalar, and every value needed
                kept += function(x[i])
        return kept

    return loop


SPECIAL = {
    "scalar divide": numba.njit(lambda x: 1.3 / x, error_model="numpy"),
    "scalar sqrt": numba.njit(lambda x: math.sqrt(x)),
    "exp": numba.njit(lambda x: math.exp(x)),
    "log": numba.njit(lambda x: math.log(x)),
    "sin": numba.njit(lambda x: math.sin(x)),
    "hypot": numba.njit(lambda x: math.hypot(x, 0.7)),
    "atan2": numba.njit(lambda x: math.atan2(x, 0.7)),
}


@numba.njit
def _new(rounds: int) -> float:
    total = 0.0
    for i in range(rounds):
        fresh = np.empty(SMALL * SMALL + i % 2)
        fresh[0] = 1.0
        total += fresh[0] + fresh.size
    return total


def _repeated(function: Callable[[np.ndarray, np.ndarray], None]) -> Callable[[np.ndarray, np.ndarray, int], None]:
    """Make a loop of calls of the library."""

    @numba.njit
    def loop(a: np.ndarray, b: np.ndarray, rounds: int) -> None:
        for _ in range(rounds):
            function(a, b)

    return loop


@numba.njit
def _dot(a: np.ndarray, b: np.ndarray) -> None:
    b[0, 0] = np.vdot(a[0], a[1])


@numba.njit
def _gemv(a: np.ndarray, b: np.ndarray) -> None:
    np.dot(a, a[0], b[0])


@numba.njit
def _gemm(a: np.ndarray, b: np.ndarray) -> None:
    np.dot(a, a, b)


@numba.njit
def _inverse(a: np.ndarray, b: np.ndarray) -> None:
    b[:] = np.linalg.inv(a)


@numba.njit
def _eigenvectors(a: np.ndarray, b: np.ndarray) -> None:
    b[:] = np.linalg.eigh(a)[1]


@numba.njit
def _solved(a: np.ndarray, b: np.ndarray) -> None:
    b[:] = np.linalg.solve(a, a)


def library() -> dict[str, float]:
    """Nanoseconds of one call, with the arrays that it makes."""
    matrix = np.random.default_rng(1).standard_normal((SMALL, SMALL)) + 4.0 * np.eye(SMALL) + 0j
    spent = {}
    for name, function in (
        *(("dot", _dot), ("gemv", _gemv), ("gemm", _gemm)),
        *(("inverse", _inverse), ("evd", _eigenvectors), ("gesv", _solved)),
    ):
        loop = _repeated(function)
        spent[name] = 1.0 / rate(lambda loop=loop: loop(matrix, np.empty_like(matrix), 500), 500.0)
    half = 0.5 * spent.pop("inverse")
    return {f"call {name}": each for name, each in {**spent, "getrf": half, "getri": half}.items()}


def rate(function: Callable[[], object], amount: float, tries: int = 40) -> float:
    """Amount a nanosecond: the best of several, so that other work on the machine counts little."""
    function()
    spent = []
    for _ in range(tries):
        began = time.process_time_ns()
        function()
        spent.append(time.process_time_ns() - began)
    return amount / min(spent)


def _aligned(rows: int, size: int) -> np.ndarray:
    """Ones, each row at the beginning of a line of the cache and a third of a page further within its page."""
    stride = -(-size // 512) * 512 + 168
    space = np.ones(rows * stride + 8)
    first = -space.ctypes.data % 64 // 8
    return space[first : first + rows * stride].reshape(rows, stride)[:, :size]


def measure() -> Peaks:
    """Take about ten seconds."""
    numbers = np.linspace(0.0, 1.0, 512)
    rounds = 2_000_000
    packed = rate(lambda: _packed(numbers, 0.7, 0.3, 200), 2.0 * DEPTH * numbers.size * 200)
    fused = re.findall(r"vfmadd\w+pd.*%(zmm|ymm|xmm)", next(iter(_packed.inspect_asm().values())))
    width = {"xmm": 128, "ymm": 256, "zmm": 512}[max(fused, key=("xmm", "ymm", "zmm").index)]
    matrix = np.random.default_rng(1).standard_normal((512, 512, 2)).view(complex)[..., 0]
    large, small = _aligned(3, 8_000_000), _aligned(3, 1000)
    positive = np.linspace(0.5, 3.0, 1000)
    singles = _aligned(8, 128)
    loops = {name: _over(function) for name, function in SPECIAL.items()}
    return Peaks(
        clock_ghz=rate(lambda: _cycles(np.uint64(1), rounds), 6.0 * rounds),
        packed=packed,
        scalar=rate(lambda: _scalar(0.7, 0.3, rounds), 20.0 * rounds),
        chain=rate(lambda: _chain(0.7, 0.3, rounds), 2.0 * rounds),
        width_bits=width,
        blas=rate(lambda: matrix @ matrix, 8.0 * 512**3),
        memory_gb_s=rate(lambda: _triad(*large, 0.5, 1), 24.0 * large.shape[1]),
        cache_gb_s=rate(lambda: _triad(*small, 0.5, 10_000), 24.0 * small.shape[1] * 10_000),
        scalar_gb_s=rate(lambda: _loads(singles, 2000), 8.0 * 8 * 128 * 2000),
        nanoseconds={
            "packed divide": 1.0 / rate(lambda: _divisions(positive, small[0], 1000), 1e3 * positive.size),
            "packed sqrt": 1.0 / rate(lambda: _roots(positive, small[0], 1000), 1e3 * positive.size),
            **{name: 1.0 / rate(lambda loop=loop: loop(positive, 100), 1e5) for name, loop in loops.items()},
            **library(),
            "new array": 1.0 / rate(lambda: _new(1000), 1000.0),
        },
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure()), indent=1))

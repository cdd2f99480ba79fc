"""Counting of flops: kernels and expressions whose count is known by hand."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

FLOPS = ("scalar", "packed", "scalar divide", "packed divide", "scalar sqrt", "packed sqrt")
FOLDER = Path(__file__).parents[2] / "benchmarks" / "roofline"


def load(name: str):
    specification = importlib.util.spec_from_file_location(f"roofline_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def counts():
    with load("compiled").counting() as counts:
        yield counts


@pytest.fixture
def count(counts):
    def run(kernel, *arguments):
        kernel(*arguments)  # compiles
        before = counts.total()
        kernel(*arguments)
        return counts.total() - before

    return run


def test_strict_arithmetic_counts_as_it_is_written_also_in_a_kernel_that_is_called(count):
    @numba.njit
    def product(a, b):
        return a * b

    @numba.njit
    def dot(x, y):
        total = 0.0j
        for i in range(x.size):
            total += product(x[i], y[i])
        return total

    numbers = np.ones(101, dtype=complex)
    done = count(dot, numbers, numbers)
    # four multiplications and four additions
    assert done["scalar"] == 8 * 101
    assert done["packed"] == 0
    # the result besides
    assert 32 * 101 < done["scalar bytes"] <= 32 * 101 + 64


def test_each_number_of_a_vector_counts(count):
    @numba.njit
    def axpy(a, x, y):
        for i in range(x.size):
            y[i] += a * x[i]

    done = count(axpy, 0.5, np.ones(1000), np.ones(1000))
    assert done["packed"] + done["scalar"] == 2 * 1000
    assert done["packed"] > 1900
    assert done["packed bytes"] + done["scalar bytes"] == 3 * 8 * 1000


def test_functions_divisions_and_roots_count_by_themselves(count):
    @numba.njit(error_model="numpy")
    def special(x):
        total = 0.0
        for i in range(x.size):
            if x[i] > 1.5:
                total += math.exp(x[i]) / x[i] + math.sqrt(x[i])
        return total

    done = count(special, np.linspace(1.0, 2.0, 11))
    assert {name: n for name, n in done.items() if name in ("exp", "log", *FLOPS)} == {
        "scalar": 10, "exp": 5, "scalar divide": 5, "scalar sqrt": 5,
    }  # fmt: skip


PRODUCT = """
import numba, numpy as np
from compiled import counting

@numba.njit
def product(a, b):
    return a @ b

with counting() as counts:
    matrices = np.eye(6, dtype=complex), np.ones((6, 2), dtype=complex)
    product(*matrices)
    before = counts.total()
    product(*matrices)
    print((counts.total() - before)["library"])
"""


def test_library_calls_count_by_their_formulas():
    # a process of its own: what Numba has compiled of a product before is not counted
    done = subprocess.run([sys.executable, "-c", PRODUCT], cwd=FOLDER, capture_output=True, text=True, check=True)
    assert float(done.stdout) == 8 * 6 * 6 * 2


def test_numpy_counts_by_size():
    arrays = load("arrays")
    with arrays.counting() as done:
        x = np.ones((10, 3, 3)) * 2.0
        z = np.exp(1j * x) + np.einsum("bij,bjk->bik", x, x)
        total = np.linalg.inv(z[0] @ z[0] + np.eye(3))
    assert type(total) is arrays.Counted
    assert done == {
        # x, then 1j x and the sums, all complex; exp, sin and cos of each number
        "arrays": 90 + 6 * 90 + 2 * 90 + 2 * 9,
        **dict.fromkeys(("exp", "sin", "cos"), 90),
        # einsum, product, inverse
        "library": 2 * 270 + 8 * 27 + 8 * 27,
    }
    assert type(np.ones(2)) is np.ndarray

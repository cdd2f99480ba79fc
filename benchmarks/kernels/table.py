"""A table of the kernels by pytest-benchmark, CPU time of a call, behind each name its realisations: `make bench`."""

from __future__ import annotations

import pytest
from kernels import KERNELS, cpu_seconds, keep_memory


@pytest.fixture(scope="module", autouse=True)
def _memory() -> None:
    keep_memory()


@pytest.mark.benchmark(timer=cpu_seconds)
@pytest.mark.parametrize("name", KERNELS)
def test_kernel(benchmark, name: str) -> None:
    kernel = KERNELS[name]
    call = kernel.prepare()
    call()  # what is compiled, is compiled here
    benchmark.name = f"{name} ({kernel.draws})"
    benchmark.pedantic(call, rounds=20)

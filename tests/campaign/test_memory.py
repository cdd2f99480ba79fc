"""The memory of a process is its own, whoever started it."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = "from isaclib.campaign.memory import peak_memory_mb; print(peak_memory_mb())"


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux alone hands on through exec")
def test_the_memory_of_the_process_that_started_this_one_does_not_count():
    large = f"import subprocess; _ = b'1' * 2**29; subprocess.run([{sys.executable!r}, '-c', {ASK!r}], check=True)"
    told = subprocess.run([sys.executable, "-c", large], capture_output=True, text=True, check=True, timeout=60)
    assert 5 < float(told.stdout) < 500


def test_memory_is_seen_growing():
    grow = f"{ASK}; _ = b'1' * 2**28; print(peak_memory_mb())"
    told = subprocess.run([sys.executable, "-c", grow], capture_output=True, text=True, check=True, timeout=60)
    before, after = map(float, told.stdout.split())
    assert after - before == pytest.approx(256, abs=5)

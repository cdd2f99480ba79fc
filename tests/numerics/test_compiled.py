"""Compiled kernels are dropped when any source changes, and only then."""

import os
import sys

from isaclib.numerics.compiled import CACHE, follow_sources, forget_stale_kernels


def test_kernels_live_as_long_as_every_source(tmp_path):
    (tmp_path / "inner").mkdir()
    cache = tmp_path / "inner" / "__pycache__"
    cache.mkdir()
    called = tmp_path / "called.py"
    called.write_text("import numba\n")
    (tmp_path / "inner" / "caller.py").write_text("import numba\n")
    assert forget_stale_kernels(tmp_path)
    kernel = cache / "caller.f-1.py311.1.nbc"
    kernel.write_text("compiled")
    assert not forget_stale_kernels(tmp_path)
    assert kernel.exists()

    (tmp_path / "plain.py").write_text("no kernels here\n")
    assert not forget_stale_kernels(tmp_path)

    called.write_text("import numba  # changed\n")
    assert forget_stale_kernels(tmp_path)
    assert not kernel.exists()


def test_a_cache_of_ones_own_has_a_folder_for_each_state_of_the_sources(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "numba", raising=False)  # Numba itself goes on as it is
    source = tmp_path / "kernel.py"
    folders = []
    for content in ("import numba\n", "import numba  # changed\n", "import numba\n"):
        source.write_text(content)
        monkeypatch.setenv(CACHE, "/scratch/numba")
        follow_sources(tmp_path)
        folders.append(os.environ[CACHE])
        # a process started from here
        follow_sources(tmp_path)
        assert os.environ[CACHE] == folders[-1]
    assert folders[0] == folders[2] != folders[1]
    assert all(folder.startswith("/scratch/numba/") for folder in folders)

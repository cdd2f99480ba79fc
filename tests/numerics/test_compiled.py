"""Compiled kernels are dropped when any source changes, and only then."""

from isaclib.numerics.compiled import forget_stale_kernels


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

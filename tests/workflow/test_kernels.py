"""Kernels: compiled by a job of their own, and by no other."""

from __future__ import annotations


def test_kernels_are_compiled_once_before_anything_is_planned(workshop, monkeypatch, tmp_path):
    cache = tmp_path / "cache"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cache))
    work = workshop(system="stars", parameters={}, schemes=["joint-design"], grid={"power_dbm": [20]}, realisations=3)
    assert sum(work.build().values()) == 3
    compiled = [file.stat().st_mtime for file in cache.rglob("*.nbc")]
    assert compiled
    [plan] = work.results.glob("plan/*/*.json")
    assert max(compiled) < plan.stat().st_mtime
    assert max(compiled) < (work.folder / ".snakemake" / "isaclib" / "compiled" / "stars").stat().st_mtime

    # a campaign that is whole is not planned anew for newer kernels
    planned = plan.stat().st_mtime_ns
    (work.folder / ".snakemake" / "isaclib" / "compiled" / "stars").touch()
    assert work.build() == {}
    assert plan.stat().st_mtime_ns == planned

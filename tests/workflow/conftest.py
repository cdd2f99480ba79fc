"""A folder with a small campaign, and Snakemake to run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import netCDF4
import pytest
import yaml

ROOT = Path(__file__).parents[2]
NAME = "small"

SMALL = {
    "campaign": NAME,
    "system": "hybrid",
    "seed": 7,
    "parameters": {"elements": 8, "rf_chains": 4},
    "grid": {"power_dbm": [20, 30]},
    "schemes": ["sensing-only-fdbf"],
    "realisations": {"quick": 70, "paper": 100},
}


@dataclass
class Workshop:
    """A working directory of the workflow."""

    folder: Path
    content: dict = field(default_factory=lambda: dict(SMALL))
    name: str = NAME
    snakefile: Path = ROOT / "workflow" / "Snakefile"

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.name

    @property
    def file(self) -> Path:
        return self.folder / "config" / "campaigns" / f"{self.name}.yaml"

    def write(self, **change) -> None:
        """Change keys of the campaign file."""
        self.content.update(change, campaign=self.name)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "config" / "config.yaml").write_text(f"campaigns: [{self.name}]\n")
        self.file.write_text(yaml.safe_dump(self.content, sort_keys=False))

    def command(self, *arguments: str) -> list[str]:
        return [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(self.snakefile)),
            *("--directory", str(self.folder), "--cores", "2", *arguments),
        ]

    def call(self, command: list[str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.call(self.command(*arguments))

    def isaclib(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.call([sys.executable, "-m", "isaclib", *arguments])

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

    def build(self, *arguments: str, target: str = "") -> dict[str, int]:
        """Build a target; return the runs that were executed, with their number of realisations."""
        before = self.stamps()
        done = self.snakemake(target or f"results/{self.name}/campaign.nc", *arguments)
        assert done.returncode == 0, done.stderr
        executed = {path for path, stamp in self.stamps().items() if before.get(path) != stamp}
        return {path.stem: self.realisations(path) for path in executed}

    def stamps(self) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self.results.glob("runs/*.nc")}

    def realisations(self, run: Path) -> int:
        cells = json.loads(run.with_suffix(".json").read_text())["cells"]
        return sum(stop - start for _, start, stop in cells)

    def data(self) -> dict[str, tuple]:
        """Every value of the gathered dataset's root group, to the bit."""
        with netCDF4.Dataset(self.results / "campaign.nc") as file:
            file.set_auto_maskandscale(False)
            return {
                name: (v.dimensions, v[...].tolist() if v.dtype is str else v[...].tobytes())
                for name, v in file.variables.items()
            }


@pytest.fixture
def workshop(tmp_path: Path):
    """Return a factory of working directories with the small campaign, some keys changed."""

    def make(name: str = "work", **change) -> Workshop:
        made = Workshop(tmp_path / name)
        made.write(**change)
        return made

    return make

"""The workflow imported by another one, which stands in a folder of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# what workflow/profiles/default says, which another workflow does not find by itself
GROWTH = ("--rerun-triggers", "mtime", "input")

PARENT = f"""
configfile: "config/config.yaml"


shell.prefix("export STUDY=bounds; ")


rule all:
    input:
        "bounds.json",


module isaclib:
    snakefile:
        "{ROOT}/workflow/Snakefile"
    config:
        config["isaclib"]


use rule * from isaclib as isaclib_*


rule bounds:
    input:
        campaign="results/small/campaign.nc",
        script="bounds.py",
    output:
        "bounds.json",
    shell:
        "{sys.executable} {{input.script}} {{input.campaign}} {{config[quantile]}} > {{output}}"
"""

BOUNDS = """
import json, os, sys
import isaclib

campaign = isaclib.open_campaign(sys.argv[1])
bounds = campaign["peb_m"].quantile(float(sys.argv[2]), dim="realisation").squeeze("scheme").values.tolist()
print(json.dumps({os.environ["STUDY"]: bounds, "realisations": campaign.sizes["realisation"]}))
"""


def test_another_workflow_imports_the_rules_and_reads_the_dataset(workshop):
    work = workshop()
    work.snakefile = work.folder / "Snakefile"
    work.snakefile.write_text(PARENT)
    (work.folder / "bounds.py").write_text(BOUNDS)
    config = work.folder / "config" / "config.yaml"
    # a key of its own beside those of the module
    config.write_text("quantile: 0.9\nisaclib: {campaigns: small}\n")
    refused = work.snakemake("all")
    assert refused.returncode != 0
    assert refused.stderr.splitlines()[-1].startswith("--rerun-triggers: expected mtime input")
    first = work.build(*GROWTH, target="all")
    assert sum(first.values()) == 2 * 70
    found = json.loads((work.folder / "bounds.json").read_text())
    assert found["realisations"] == 70
    assert found["bounds"][0] > found["bounds"][1] > 0.0

    # it grows as it does by itself
    work.write(realisations=80)
    config.write_text("quantile: 0.9\nisaclib: {campaigns: small}\n")
    grown = work.build(*GROWTH, target="all")
    assert sum(grown.values()) == 2 * 10
    assert not first.keys() & grown.keys()
    assert json.loads((work.folder / "bounds.json").read_text())["realisations"] == 80

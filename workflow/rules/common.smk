import json
import shlex
import sys
from functools import cache
from math import prod
from pathlib import Path

from isaclib.campaign.claims.reading import FOLDER as LEDGER
from isaclib.campaign.claims.reading import read_built
from isaclib.campaign.document import CampaignError
from isaclib.campaign.lock import announce
from isaclib.campaign.resources import memory_mb, minutes
from isaclib.campaign.settings import read_settings
from snakemake.settings.enums import RerunTrigger

# Everything is checked here, when the workflow is read: no job starts on a file with an error.
try:
    SETTINGS = read_settings(config)
    if workflow.is_main_process:
        read_built(SETTINGS.campaigns.values())
except CampaignError as error:
    sys.exit(str(error))

# Before Snakemake locks the folder, so that every lock has a name; the jobs of a cluster read this file too.
if workflow.is_main_process:
    announce()

RESULTS = SETTINGS.results
CAMPAIGNS = SETTINGS.campaigns
# whatever the folder of results, kernels are compiled once
COMPILED = ".snakemake/isaclib/compiled"
# Jobs are the parallelism: two processes of several BLAS threads each slow one another down.
SINGLE = "OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1"
# glibc gives large arrays back after every batch and is given them anew, page by page: a fifth of the time of `modular`
KEEPING = "MALLOC_TRIM_THRESHOLD_=1073741824 MALLOC_MMAP_THRESHOLD_=33554432"
# no shell.prefix: a workflow that imports this one has its own
ISACLIB = f"{SINGLE} {KEEPING} {shlex.quote(sys.executable)} -m isaclib"


wildcard_constraints:
    campaign="[^/]+",
    digest="[0-9a-f]+",
    round=r"\d+",
    system="[a-z]+",
    run="[0-9a-f]+",
    figure="[^/]+",


def at(path):
    """Path in the results of a campaign, which is a wildcard."""
    return f"{RESULTS}/{{campaign}}/{path}"


def marker(campaign):
    """The marker that every run of what a campaign file asks for now is there."""
    return f"{RESULTS}/{campaign.name}/plan/{campaign.digest}/complete"


def datasets():
    """Dataset and summary of every campaign; the markers, so that a run that `isaclib verify` removed is missed."""
    files = expand(
        f"{RESULTS}/{{campaign}}/{{file}}", campaign=CAMPAIGNS, file=["campaign.nc", "summary.nc", "summary.csv"]
    )
    return [marker(campaign) for campaign in CAMPAIGNS.values()] + files


def figures():
    """Figures of every campaign."""
    return [
        f"{RESULTS}/{name}/figures/{figure.name}.{ending}"
        for name, campaign in CAMPAIGNS.items()
        for figure in campaign.figures
        for ending in ["pdf", "png", "csv"]
    ]


PLANS = {}


def read_plan(path):
    """Plan, read once: it never changes."""
    if path not in PLANS:
        PLANS[path] = json.loads(Path(path).read_text())
    return PLANS[path]


def claim_files():
    """Files that claims stand in: those of the project, and campaigns that carry some."""
    own = [str(campaign.path) for campaign in CAMPAIGNS.values() if campaign.claims]
    return sorted(str(path) for path in LEDGER.glob("*.yaml")) + own


@cache
def claims():
    """The table and the page of the claims, where some may be about what is built: their files have its name."""
    texts = [Path(path).read_text(encoding="utf-8") for path in claim_files()]
    about = any(name in text for text in texts for name in CAMPAIGNS)
    return [f"{RESULTS}/claims.csv", f"{RESULTS}/claims.html"] if about else []


def accounts():
    """A page on each campaign, and one on all."""
    return [f"{RESULTS}/overview.html", *(f"{RESULTS}/{name}/index.html" for name in CAMPAIGNS)]


def plan_of(wildcards, round_):
    """Plan of one round: written first where it is not there yet."""
    found = checkpoints.plan.get(campaign=wildcards.campaign, digest=wildcards.digest, round=f"{round_:03d}")
    return read_plan(str(found.output[0]))


def run_files(wildcards, plan):
    """Files and sidecars of the runs that a plan lists, new ones and those on disk."""
    stems = [f"{RESULTS}/{wildcards.campaign}/runs/{run}" for run in [*plan["runs"], *plan["reuse"]]]
    return [f"{stem}.{ending}" for stem in stems for ending in ["nc", "json"]]


def runs_before(wildcards):
    """Runs of all rounds before the one to be planned."""
    return [path for k in range(int(wildcards.round)) for path in run_files(wildcards, plan_of(wildcards, k))]


def kernels(wildcards):
    """The marker that the kernels of a campaign's system are compiled."""
    return f"{COMPILED}/{CAMPAIGNS[wildcards.campaign].system}"


def campaigns_of(wildcards):
    """Files of the campaigns of a system."""
    return shlex.join(str(campaign.path) for campaign in CAMPAIGNS.values() if campaign.system == wildcards.system)


def runs_of_all_rounds(wildcards):
    """Runs of every round, the last of which says so."""
    # another trigger writes plans anew, which never change, and throws away days of results for a mended rule
    if not workflow.dag_settings.rerun_triggers <= {RerunTrigger.MTIME, RerunTrigger.INPUT}:
        sys.exit("--rerun-triggers: expected mtime input, in the call or in a profile")
    found = []
    for round_ in range(1000):
        plan = plan_of(wildcards, round_)
        found += run_files(wildcards, plan)
        if plan["final"]:
            break
    return sorted(set(found))


def longest_first(wildcards):
    """Priority of a run: its expected seconds, so that no long one is left for the end."""
    plans = [read_plan(str(path)) for path in Path(marker_of_today(wildcards)).parent.glob("*.json")]
    return round(sum(plan["runs"][wildcards.run]["seconds"] for plan in plans if wildcards.run in plan["runs"]))


@cache
def needed(path, attempt):
    """Memory (MB) and time (minutes) that the largest new run of a plan needs."""
    runs = PLANS[path]["runs"].values()
    return memory_mb(runs, attempt), minutes(runs, attempt)


# All runs ask for what the largest needs: Slurm's plugin submits an array under the resources of its first job.
def memory_asked(wildcards, attempt):
    """Memory of a run, in MB."""
    return max((needed(path, attempt)[0] for path in PLANS), default=memory_mb([], attempt))


def minutes_asked(wildcards, attempt):
    """Time of a run, in minutes."""
    return max((needed(path, attempt)[1] for path in PLANS), default=minutes([], attempt))


def threads_for_statistics(wildcards):
    """Threads of statistics: where they take long, little else is left to do."""
    campaign = CAMPAIGNS[wildcards.campaign]
    designs = len(campaign.curves) * campaign.realisations * prod(campaign.shape)
    return 4 if designs > 100_000 else 1


def marker_of_today(wildcards):
    """The marker of what the campaign file asks for now."""
    return marker(CAMPAIGNS[wildcards.campaign])


def campaign_file(wildcards):
    """The campaign's file."""
    return str(CAMPAIGNS[wildcards.campaign].path)


def request(wildcards):
    """Options that tell a command which campaign, in which effort, and that the file is still the one that was read."""
    campaign = CAMPAIGNS[wildcards.campaign]
    return f"{shlex.quote(str(campaign.path))} --effort {campaign.effort} --results {shlex.quote(RESULTS)} --digest {campaign.digest}"


def request_of_figure(wildcards):
    """Options that tell which figure: its file was checked when the workflow was read."""
    return shlex.join([campaign_file(wildcards), "--results", RESULTS, "--name", wildcards.figure])


def caption_of(wildcards):
    """Caption that was written beside a figure: the report shows it."""
    path = Path(f"{RESULTS}/{wildcards.campaign}/figures/{wildcards.figure}.rst")
    return path.read_text(encoding="utf-8") if path.exists() else ""

"""The commands that the rules of the workflow call."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from isaclib.campaign.spec import Campaign

app = typer.Typer(help="Steps of the workflow.")

File = Annotated[Path, typer.Argument()]
Option = Annotated[str, typer.Option()]
Results = Annotated[Path, typer.Option()]
Output = Annotated[Path, typer.Option()]


@app.command("compile")
def compile_(files: Annotated[list[Path], typer.Argument()]) -> None:
    """Compile the kernels of campaigns of one system."""
    from isaclib.campaign.claims.reading import load_any_effort
    from isaclib.campaign.kernels import compile_kernels

    compile_kernels(map(load_any_effort, files))


@app.command()
def plan(
    file: File,
    effort: Option,
    results: Results,
    digest: Option,
    output: Output,
    round_: Annotated[int, typer.Option("--round", min=0)] = 0,
    cores: Annotated[int, typer.Option()] = 1,
    run_seconds: Annotated[float | None, typer.Option()] = None,
) -> None:
    """Write a plan."""
    from isaclib.campaign.adoption import siblings, take_over
    from isaclib.campaign.inputs import keep
    from isaclib.campaign.plan import make_plan
    from isaclib.cli.tables import announce_timing, print_plan

    campaign = _campaign(file, effort, digest)
    root = results / campaign.name
    made = make_plan(
        campaign,
        root,
        round_=round_,
        cores=cores,
        run_seconds=run_seconds,
        before_timing=announce_timing,
        beside=siblings(root),
    )
    keep(campaign.inputs, root)
    made.write(output)
    take_over(made.adopted, root)
    print_plan(campaign, made, cores)


@app.command()
def run(output: Annotated[Path, typer.Argument()]) -> None:
    """Execute the run that a file is named after."""
    import numba  # noqa: F401, its import is a part of the start

    from isaclib.campaign.exclusive import execute_alone
    from isaclib.campaign.plan import find_run

    gc.freeze()
    gc.enable()
    execute_alone(find_run(output.parent.parent, output.stem), output, progress=True)


@app.command()
def gather(file: File, effort: Option, results: Results, digest: Option, output: Output) -> None:
    """Gather the runs of a plan into one dataset."""
    from isaclib.campaign.coverage import extended
    from isaclib.campaign.gather import gather as gather_runs
    from isaclib.campaign.plan import Plan, plan_paths
    from isaclib.campaign.sidecar import read_sidecar

    campaign = _campaign(file, effort, digest)
    root = results / campaign.name
    plans = [Plan.read(path) for path in plan_paths(root, digest)]
    runs = sorted({run for plan in plans for run in plan.run_ids})
    try:
        sidecars = [read_sidecar(root / "runs" / f"{run}.json") for run in runs]
        gather_runs(root, extended(campaign, sidecars, plans[-1].counts), runs, output)
    except ValueError as error:
        advice = f"`isaclib verify {file}` removes what is damaged, `snakemake` solves it again"
        raise ValueError(f"{error}; {advice}") from error


@app.command()
def summarise(
    dataset: Annotated[Path, typer.Argument()],
    summary: Annotated[Path, typer.Argument()],
    table: Annotated[Path, typer.Argument()],
    workers: Annotated[int, typer.Option(min=1)] = 1,
) -> None:
    """Write the statistics of a dataset."""
    from isaclib.campaign.summary import summarise as write_summary

    write_summary(dataset, summary, table, workers=workers)


@app.command()
def figure(file: File, results: Results, name: Option) -> None:
    """Draw one figure."""
    from isaclib.campaign.figure_spec import find_figure
    from isaclib.figures.campaign import draw

    root = results / file.stem
    spec, schemes = find_figure(file, name)
    draw(root / "summary.nc", spec, root / "figures" / name, schemes=schemes)


@app.command()
def claims(files: Annotated[list[Path], typer.Argument()], results: Results) -> None:
    """Judge the claims on campaigns: a table, and a page."""
    from isaclib.campaign.claims.ledger import judge, write_csv
    from isaclib.campaign.claims.reading import load_any_effort, read_built
    from isaclib.figures.claims import write_page

    campaigns = {campaign.name: campaign for campaign in map(load_any_effort, files)}
    verdicts = judge(read_built(campaigns.values()), results, campaigns=campaigns)
    write_csv(verdicts, results / "claims.csv")
    write_page(verdicts, results / "claims.html", "What is claimed, and what was found")


@app.command()
def account(
    files: Annotated[list[Path], typer.Argument()],
    results: Results,
    claims: Annotated[Path | None, typer.Option()] = None,
) -> None:
    """Write a page on each campaign, and one on all, from what is stored."""
    from isaclib.campaign.claims.ledger import read_csv
    from isaclib.campaign.claims.reading import load_any_effort
    from isaclib.figures.account import read_account, write_account
    from isaclib.figures.overview import write_overview

    judged = read_csv(claims) if claims is not None else []
    accounts = [read_account(campaign, results / campaign.name, judged) for campaign in map(load_any_effort, files)]
    for each in accounts:
        write_account(each, each.folder / "index.html")
    write_overview(accounts, results / "overview.html")


def _campaign(file: Path, effort: str, digest: str) -> Campaign:
    from isaclib.campaign.document import CampaignError
    from isaclib.campaign.reading import load

    campaign = load(file, effort=effort)
    if campaign.digest != digest:
        raise CampaignError(f"{file}: changed while the workflow was running: start it again")
    return campaign

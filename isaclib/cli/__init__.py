"""The command ``isaclib``: thin, every command calls one function of the package (floor 4).

Modules are imported inside the commands: ``isaclib --help`` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isaclib.cli import completion, new, stored, workflow
from isaclib.cli.errors import OneLineErrors
from isaclib.cli.help import examples as _examples

app = typer.Typer(
    cls=OneLineErrors,
    help="Monte Carlo campaigns of near-field integrated sensing and communication beamforming.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(new.app)
app.add_typer(stored.app)
app.add_typer(workflow.app, name="workflow", hidden=True)

File = Annotated[
    Path,
    typer.Argument(
        help="Campaign file, such as config/campaigns/hybrid-fig3.yaml.", autocompletion=completion.campaign_files
    ),
]
Effort = Annotated[str, typer.Option(help="Realisations: quick or paper.", autocompletion=completion.efforts)]
Results = Annotated[Path, typer.Option(help="Folder of all results.")]
RESULTS = Path("results")


@app.command(
    epilog=_examples(
        "isaclib validate config/campaigns/*.yaml",
        "isaclib validate config/campaigns/hybrid-fig3.yaml --effort paper",
    )
)
def validate(
    files: Annotated[list[Path], typer.Argument(help="Campaign files.", autocompletion=completion.campaign_files)],
    effort: Effort = "quick",
    results: Results = RESULTS,
) -> None:
    """Check campaign files; nothing is run."""
    from isaclib.campaign.reading import check_writable, load
    from isaclib.cli.tables import described

    check_writable(results)
    sound = True
    for file in files:
        try:
            typer.echo(f"{file}: {described(load(file, effort=effort))}")
        # one bad file must not hide the next
        except (ValueError, OSError) as error:
            typer.echo(str(error), err=True)
            sound = False
    if not sound:
        raise typer.Exit(1)


@app.command(
    epilog=_examples(
        "isaclib plan config/campaigns/hybrid-fig3.yaml",
        "isaclib plan config/campaigns/hybrid-fig3.yaml --effort paper --cores 64",
    )
)
def plan(
    file: File,
    effort: Effort = "quick",
    results: Results = RESULTS,
    cores: Annotated[
        int | None, typer.Option(min=1, help="Cores that share the runs; default: all of this machine.")
    ] = None,
    run_seconds: Annotated[float | None, typer.Option(min=1.0, help="Length of a run; default: chosen.")] = None,
) -> None:
    """Say what is missing and what it costs: jobs, core-hours, gigabytes; nothing is run or written."""
    import os

    from isaclib.campaign.adoption import siblings
    from isaclib.campaign.plan import make_plan, round_under_way, settled
    from isaclib.campaign.reading import load
    from isaclib.cli.tables import announce_timing, print_plan

    campaign = load(file, effort=effort)
    root = results / campaign.name
    campaign = settled(campaign, root)
    cores = cores or os.cpu_count() or 1
    made = make_plan(
        campaign,
        root,
        round_=round_under_way(campaign, root),
        cores=cores,
        run_seconds=run_seconds,
        before_timing=announce_timing,
        beside=siblings(root),
    )
    print_plan(campaign, made, cores)


@app.command(
    epilog=_examples(
        "isaclib status config/campaigns/hybrid-fig3.yaml",
    )
)
def status(file: File, effort: Effort = "quick", results: Results = RESULTS) -> None:
    """Say how far a campaign is: done, running, failed, infeasible, time left, the last failure's reason."""
    from isaclib.campaign.plan import settled
    from isaclib.campaign.reading import load
    from isaclib.campaign.status import status as read_status

    campaign = load(file, effort=effort)
    root = results / campaign.name
    typer.echo(str(read_status(root, settled(campaign, root))))


@app.command(
    epilog=_examples(
        "isaclib show results/hybrid-fig3",
        "isaclib show results/hybrid-fig3 --metric peb_m --statistic mean",
    )
)
def show(
    file: Annotated[
        Path,
        typer.Argument(
            help="Campaign file, or the folder or summary.nc of its results.",
            autocompletion=lambda: [*completion.campaign_files(), *completion.folders()],
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Metric; may be repeated. Default: those of the figures.", autocompletion=completion.metrics),
    ] = None,
    statistic: Annotated[str, typer.Option(help="mean, median, rms, q05, q25, q75, q95, ...")] = "median",
    population: Annotated[
        str, typer.Option(help="common: draws feasible for every scheme; own: for each its own.")
    ] = "common",
    results: Results = RESULTS,
) -> None:
    """Print statistics of a finished campaign with their 95 % intervals."""
    from isaclib.cli.tables import print_summary

    print_summary(file, results=results, metrics=metric or [], statistic=statistic, population=population)


@app.command(
    epilog=_examples(
        "isaclib claims",
        "isaclib claims --system stars --verdict refuted",
        "isaclib claims config/campaigns/hybrid-fig3.yaml",
        "isaclib claims --check",
    )
)
def claims(
    file: Annotated[
        Path, typer.Argument(help="File or folder of claims, or a campaign file with claims of its own.")
    ] = Path("config/claims"),
    results: Results = RESULTS,
    system: Annotated[
        str | None, typer.Option(help="Show the claims of one system.", autocompletion=completion.systems)
    ] = None,
    verdict: Annotated[
        str | None, typer.Option(help="Show one verdict: holds, refuted, undecided, 'not testable', 'not run'.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values, with every number.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Hold the claims against the campaign files; no results are needed.")
    ] = False,
) -> None:
    """Judge what the papers claim by the draws of stored campaigns: holds, refuted or undecided."""
    if check:
        from isaclib.cli.claims import check_claims

        check_claims(file)
    else:
        from isaclib.cli.claims import print_verdicts

        print_verdicts(file, results=results, system=system, verdict=verdict, as_csv=csv)


@app.command(
    epilog=_examples(
        "isaclib solve speb-min-hbf --set power_dbm=20",
        'isaclib solve speb-min-fdbf --set "target_m=[12, 3]" --option tie_break=0.001',
        "isaclib solve zero-forcing --file docs/examples/zero_forcing.py",
    )
)
def solve(
    scheme: Annotated[str, typer.Argument(help="Scheme, such as speb-min-hbf.", autocompletion=completion.schemes)],
    system: Annotated[str, typer.Option(help="System.", autocompletion=completion.systems)] = "hybrid",
    solver: Annotated[str | None, typer.Option(help="Solver; default: the scheme's first.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, such as power_dbm=20; may be repeated.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the solver, name=value; may be repeated.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Python file with a scheme of your own.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    realisation: Annotated[int, typer.Option(min=0, help="Index of the draw.")] = 0,
) -> None:
    """Design for one realisation and print its metrics, certificate and time."""
    from isaclib.cli.solve import print_solution

    print_solution(
        system=system,
        scheme=scheme,
        solver=solver,
        settings=set_ or [],
        options=option or [],
        file=file,
        seed=seed,
        realisation=realisation,
    )


@app.command(
    epilog=_examples(
        "isaclib certify --set power_dbm=15 --seconds 30",
        "isaclib certify --set users=3 --method convex --realisation 4",
    )
)
def certify(
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, such as power_dbm=20; may be repeated.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the design's solver, name=value; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    realisation: Annotated[int, typer.Option(min=0, help="Index of the draw.")] = 0,
    method: Annotated[str, typer.Option(help="branch-and-bound (two users), or convex.")] = "branch-and-bound",
    seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of branch and bound.")] = 60.0,
    gap: Annotated[float, typer.Option(min=1e-6, help="Optimality gap at which it ends.")] = 1e-3,
) -> None:
    """Tell the price of hybrid from the solver's optimality gap for one realisation of speb-min-hbf."""
    import os

    # the matrices are as large as the array: threads would spend their time waiting for one another
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from isaclib.cli.certify import print_certificate

    print_certificate(
        settings=set_ or [],
        options=option or [],
        seed=seed,
        realisation=realisation,
        method=method,
        seconds=seconds,
        gap=gap,
    )


@app.command(
    epilog=_examples(
        "isaclib prune config/campaigns/hybrid-fig3.yaml",
        "isaclib prune config/campaigns/hybrid-fig3.yaml --delete",
    )
)
def prune(
    file: File,
    results: Results = RESULTS,
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without it they are only listed.")] = False,
) -> None:
    """List, or delete, runs that hold nothing the campaign file names in any effort."""
    from isaclib.campaign.prune import prune as prune_runs
    from isaclib.campaign.reading import load

    campaign = load(file)
    typer.echo(str(prune_runs(results / campaign.name, campaign, dry_run=not delete)))


@app.command(
    epilog=_examples(
        "isaclib verify config/campaigns/hybrid-fig3.yaml",
    )
)
def verify(file: File, results: Results = RESULTS) -> None:
    """Check every file of a campaign's results; damaged ones are named and removed, to be solved again."""
    from isaclib.campaign.reading import load
    from isaclib.campaign.verify import verify as verify_results

    campaign = load(file)
    checked, damaged = verify_results(results / campaign.name)
    for reason in damaged:
        typer.echo(reason, err=True)
    if damaged:
        typer.echo(f"{len(damaged)} removed; `snakemake` makes them again")
        raise typer.Exit(1)
    typer.echo(f"{campaign.name}: {checked} files, all sound")


@app.command(
    epilog=_examples(
        "isaclib unlock",
        "isaclib unlock --dead login2",
    )
)
def unlock(
    dead: Annotated[
        list[str] | None,
        typer.Option(help="Machine whose workflow is dead, where that cannot be seen from here; may be repeated."),
    ] = None,
) -> None:
    """Release the lock that a killed workflow left on this folder; refused while a workflow is at work here."""
    from isaclib.campaign.lock import unlock as release

    typer.echo("released the lock of a workflow that was killed" if release(dead=dead or []) else "nothing is locked")

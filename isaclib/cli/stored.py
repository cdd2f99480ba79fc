"""Commands on stored campaigns: one design made anew, two campaigns compared, other programs' formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isaclib.cli import completion
from isaclib.cli.help import examples

app = typer.Typer()

Folder = Annotated[
    Path,
    typer.Argument(
        help="Folder of a campaign's results, such as results/hybrid-fig3.", autocompletion=completion.folders
    ),
]
FORMATS = ("csv", "mat", "pgfplots")


@app.command(
    epilog=examples(
        "isaclib redesign results/hybrid-fig3 --scheme 'HBF SPEB-min' --at power_dbm=20",
        "isaclib redesign results/modular-fig3 --scheme Uniform --at snr_db=0",
    )
)
def redesign(
    campaign: Folder,
    scheme: Annotated[str, typer.Option(help="Label of the curve.")],
    at: Annotated[
        list[str] | None, typer.Option(help="Value of a grid axis, such as power_dbm=20; may be repeated.")
    ] = None,
    realisation: Annotated[int, typer.Option(min=0, help="Index of the draw.")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="Also write the design's arrays to this netCDF file (real and imaginary part).")
    ] = None,
) -> None:
    """Make one design of a stored campaign anew and print its metrics."""
    from isaclib.cli.redesign import print_redesign

    print_redesign(campaign, scheme=scheme, settings=at or [], realisation=realisation, output=output)


@app.command(
    epilog=examples(
        "isaclib compare results/hybrid-fig3 elsewhere/hybrid-fig3",
        "isaclib compare results/hybrid-fig3 elsewhere/hybrid-fig3 --metric peb_m --all",
    )
)
def compare(
    first: Folder,
    second: Folder,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Metric; may be repeated. Default: all of both.", autocompletion=completion.metrics),
    ] = None,
    statistic: Annotated[str, typer.Option(help="mean, median, q05, q25, q75 or q95.")] = "median",
    least: Annotated[float, typer.Option(min=0.0, help="Smallest relative change that counts.")] = 0.0,
    everything: Annotated[bool, typer.Option("--all", help="Print also what has not moved.")] = False,
) -> None:
    """Tell what moved beyond its interval between two campaigns, or in one that was made again."""
    from isaclib.campaign.compare import compare as compared
    from isaclib.cli.tables import print_changes

    changes = compared(first, second, metrics=metric or [], statistic=statistic, least=least)
    print_changes(changes, statistic=statistic, everything=everything)


@app.command(
    epilog=examples(
        "isaclib export results/hybrid-fig3 --to csv --metric peb_m",
        "isaclib export results/hybrid-fig3 --to mat --output hybrid-fig3.mat",
        "isaclib export results/hybrid-fig3 --to pgfplots --metric peb_m",
    )
)
def export(
    campaign: Folder,
    to: Annotated[str, typer.Option(help="csv and mat: every draw; pgfplots: curves with their intervals.")] = "csv",
    metric: Annotated[
        list[str] | None, typer.Option(help="Metric; may be repeated. Default: all.", autocompletion=completion.metrics)
    ] = None,
    statistic: Annotated[str, typer.Option(help="Of pgfplots: mean, median, rms, ...")] = "median",
    population: Annotated[str, typer.Option(help="Of pgfplots: common or own.")] = "common",
    output: Annotated[
        Path | None, typer.Option(help="File, or folder of pgfplots; default: beside the results, named after them.")
    ] = None,
) -> None:
    """Write a stored campaign as CSV, for MATLAB or for pgfplots."""
    if to not in FORMATS:
        raise ValueError(f"--to = {to!r}: expected one of {', '.join(FORMATS)}")
    target = output or campaign / (f"{campaign.resolve().name}.{to}" if to != "pgfplots" else to)
    if to == "pgfplots":
        from isaclib.figures.pgfplots import export_pgfplots

        if not metric:
            raise ValueError("--metric is missing: expected at least one for pgfplots")
        files = [
            file
            for name in metric
            for file in export_pgfplots(campaign, target, metric=name, statistic=statistic, population=population)
        ]
    else:
        from isaclib.campaign.export import export_csv, export_mat

        (export_csv if to == "csv" else export_mat)(campaign, target, metrics=metric or [])
        files = [target]
    for file in files:
        typer.echo(file)


@app.command(
    epilog=examples(
        "isaclib page",
        "isaclib page results/hybrid-fig3 results/hybrid-fig7 --output hybrid.html",
        "isaclib page --draws 0",
    )
)
def page(
    campaigns: Annotated[
        list[Path] | None, typer.Argument(help="Folders of results; default: every campaign under results.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The HTML file.")] = Path("results/page.html"),
    draws: Annotated[int, typer.Option(min=0, help="Draws of each campaign that beam patterns are shown of.")] = 3,
) -> None:
    """Write one HTML file to look into campaigns with: statistics and beam patterns, in any browser, offline."""
    from isaclib.figures.page import write_page

    # results/* names files too, this page among them
    given = campaigns or sorted(file.parent for file in Path("results").glob("*/summary.nc"))
    folders = [path for path in given if not path.is_file()]
    for reason in write_page(folders, output, draws=draws):
        typer.echo(reason, err=True)
    typer.echo(output)

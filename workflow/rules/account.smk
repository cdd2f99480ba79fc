rule account:
    input:
        summaries=expand(f"{RESULTS}/{{campaign}}/summary.nc", campaign=CAMPAIGNS),
        figures=[file for file in figures() if file.endswith(".png")],
        # what a campaign asks for is told in words, and its figures in the file's order
        campaigns=[str(campaign.path) for campaign in CAMPAIGNS.values()],
        claims=[file for file in claims() if file.endswith(".csv")],
    output:
        overview=report(
            f"{RESULTS}/overview.html",
            caption="../report/overview.rst",
            category="All campaigns",
            labels={"content": "campaigns: draws, claims, time, versions"},
        ),
        pages=[
            report(
                f"{RESULTS}/{name}/index.html",
                caption="../report/account.rst",
                category=name,
                labels={"content": "all on one page"},
            )
            for name in CAMPAIGNS
        ],
    log:
        f"{RESULTS}/account.log",
    benchmark:
        f"{RESULTS}/account.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        isaclib=ISACLIB,
        request=shlex.join([*(str(campaign.path) for campaign in CAMPAIGNS.values()), "--results", RESULTS]),
        claims=lambda wildcards, input: f"--claims {shlex.quote(input.claims[0])}" if input.claims else "",
    message:
        "what was run, what it took and what made it"
    shell:
        "{params.isaclib} workflow account {params.request} {params.claims} > {log:q} 2>&1"

rule claims:
    input:
        datasets=expand(f"{RESULTS}/{{campaign}}/campaign.nc", campaign=CAMPAIGNS),
        # a claim that is written anew is judged anew
        ledgers=claim_files(),
    output:
        table=report(
            f"{RESULTS}/claims.csv",
            caption="../report/claims.rst",
            category="All campaigns",
            labels={"content": "claims, as a table"},
        ),
        page=report(
            f"{RESULTS}/claims.html",
            caption="../report/claims.rst",
            category="All campaigns",
            labels={"content": "claims, and what was found"},
        ),
    log:
        f"{RESULTS}/claims.log",
    benchmark:
        f"{RESULTS}/claims.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        isaclib=ISACLIB,
        request=shlex.join([*(str(campaign.path) for campaign in CAMPAIGNS.values()), "--results", RESULTS]),
    message:
        "what is claimed, and what was found"
    shell:
        "{params.isaclib} workflow claims {params.request} > {log:q} 2>&1"

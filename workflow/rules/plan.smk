checkpoint plan:
    input:
        runs_before,
        kernels=ancient(kernels),
    output:
        at("plan/{digest}/{round}.json"),
    log:
        at("logs/plan-{digest}-{round}.log"),
    benchmark:
        at("benchmarks/plan-{digest}-{round}.tsv")
    # before any run: as long as a campaign is not planned, its runs are not there to fill idle cores
    priority: 1_000_000_000
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        isaclib=ISACLIB,
        request=request,
        cores=workflow.cores or 1,
        length=f"--run-seconds {SETTINGS.run_seconds}" if SETTINGS.run_seconds else "",
    message:
        "{wildcards.campaign}: what is missing?"
    shell:
        "{params.isaclib} workflow plan {params.request} --round {wildcards.round} --cores {params.cores} {params.length} --output {output:q} > {log:q} 2>&1"

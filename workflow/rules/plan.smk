checkpoint plan:
    input:
        runs_before,
    output:
        RESULTS + "/{campaign}/plan/{digest}/{round}.json",
    log:
        RESULTS + "/{campaign}/logs/plan-{digest}-{round}.log",
    benchmark:
        RESULTS + "/{campaign}/benchmarks/plan-{digest}-{round}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        request=request,
        cores=workflow.cores or 1,
        length=f"--run-seconds {SETTINGS.run_seconds}" if SETTINGS.run_seconds else "",
    message:
        "{wildcards.campaign}: what is missing?"
    shell:
        "{ISACLIB} workflow plan {params.request} --cores {params.cores} {params.length} --output {output:q} > {log:q} 2>&1"

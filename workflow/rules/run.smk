rule run:
    output:
        data=RESULTS + "/{campaign}/runs/{run}.nc",
        sidecar=RESULTS + "/{campaign}/runs/{run}.json",
    log:
        RESULTS + "/{campaign}/logs/run-{run}.log",
    benchmark:
        RESULTS + "/{campaign}/benchmarks/run-{run}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    message:
        "{wildcards.campaign}: run {wildcards.run}"
    shell:
        "{ISACLIB} workflow run {output.data:q} > {log:q} 2>&1"


rule complete:
    input:
        runs_of_all_rounds,
    output:
        touch(RESULTS + "/{campaign}/plan/{digest}/complete"),
    log:
        RESULTS + "/{campaign}/logs/complete-{digest}.log",
    threads: 1
    resources:
        mem_mb=100,
        runtime=5,
    message:
        "{wildcards.campaign}: every run is there"

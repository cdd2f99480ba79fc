rule run:
    output:
        data=at("runs/{run}.nc"),
        sidecar=at("runs/{run}.json"),
    log:
        at("logs/run-{run}.log"),
    benchmark:
        at("benchmarks/run-{run}.tsv")
    priority: longest_first
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory_asked,
        runtime=minutes_asked,
    params:
        isaclib=ISACLIB,
    message:
        "{wildcards.campaign}: run {wildcards.run}"
    shell:
        "{params.isaclib} workflow run {output.data:q} > {log:q} 2>&1"


rule complete:
    input:
        runs_of_all_rounds,
    output:
        touch(at("plan/{digest}/complete")),
    log:
        at("logs/complete-{digest}.log"),
    localrule: True
    threads: 1
    resources:
        mem_mb=100,
        runtime=5,
    message:
        "{wildcards.campaign}: every run is there"

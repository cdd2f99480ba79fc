rule compile:
    # no inputs: sources that change would be no reason to plan anew, and the next plan compiles what they changed
    output:
        touch(f"{COMPILED}/{{system}}"),
    log:
        f"{COMPILED}/{{system}}.log",
    benchmark:
        f"{COMPILED}/{{system}}.tsv"
    # before any plan, which times the solvers
    priority: 2_000_000_000
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        isaclib=ISACLIB,
        files=campaigns_of,
    message:
        "{wildcards.system}: kernels"
    shell:
        "{params.isaclib} workflow compile {params.files} > {log:q} 2>&1"

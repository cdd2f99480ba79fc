rule summarise:
    input:
        at("campaign.nc"),
    output:
        data=at("summary.nc"),
        table=report(
            at("summary.csv"),
            caption="../report/summary.rst",
            category="{campaign}",
            labels={"content": "table: statistics of every curve"},
        ),
    log:
        at("logs/summarise.log"),
    benchmark:
        at("benchmarks/summarise.tsv")
    # before claims, which nothing but a page waits for
    priority: 1
    conda:
        "../../environment.yml"
    threads: threads_for_statistics
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        isaclib=ISACLIB,
    message:
        "{wildcards.campaign}: statistics with confidence intervals"
    shell:
        "{params.isaclib} workflow summarise {input:q} {output.data:q} {output.table:q} --workers {threads} > {log:q} 2>&1"

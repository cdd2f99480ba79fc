rule summarise:
    input:
        RESULTS + "/{campaign}/campaign.nc",
    output:
        data=RESULTS + "/{campaign}/summary.nc",
        table=report(
            RESULTS + "/{campaign}/summary.csv",
            caption="../report/summary.rst",
            category="{campaign}",
            subcategory="Tables",
            labels={"content": "statistics of every curve"},
        ),
    log:
        RESULTS + "/{campaign}/logs/summarise.log",
    benchmark:
        RESULTS + "/{campaign}/benchmarks/summarise.tsv"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    message:
        "{wildcards.campaign}: statistics with confidence intervals"
    shell:
        "{ISACLIB} workflow summarise {input:q} {output.data:q} {output.table:q} > {log:q} 2>&1"

rule gather:
    input:
        marker_of_today,
    output:
        RESULTS + "/{campaign}/campaign.nc",
    log:
        RESULTS + "/{campaign}/logs/gather.log",
    benchmark:
        RESULTS + "/{campaign}/benchmarks/gather.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        request=request,
    message:
        "{wildcards.campaign}: one labelled dataset"
    shell:
        "{ISACLIB} workflow gather {params.request} --output {output:q} > {log:q} 2>&1"

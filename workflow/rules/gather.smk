rule gather:
    input:
        marker_of_today,
    output:
        at("campaign.nc"),
    log:
        at("logs/gather.log"),
    benchmark:
        at("benchmarks/gather.tsv")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 120 * attempt,
    params:
        isaclib=ISACLIB,
        request=request,
    message:
        "{wildcards.campaign}: one labelled dataset"
    shell:
        "{params.isaclib} workflow gather {params.request} --output {output:q} > {log:q} 2>&1"

# designs a few draws of every campaign anew for their beam patterns: not among what is always built
rule page:
    input:
        expand(f"{RESULTS}/{{campaign}}/{{file}}", campaign=CAMPAIGNS, file=["summary.nc", "campaign.nc"]),
    output:
        report(
            f"{RESULTS}/page.html",
            caption="../report/page.rst",
            category="All campaigns",
            labels={"content": "to look into: any metric, beam patterns"},
        ),
    log:
        f"{RESULTS}/page.log",
    benchmark:
        f"{RESULTS}/page.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        isaclib=ISACLIB,
        folders=shlex.join([f"{RESULTS}/{name}" for name in CAMPAIGNS]),
    message:
        "a page to look into all campaigns with"
    shell:
        "{params.isaclib} page {params.folders} --output {output:q} > {log:q} 2>&1"

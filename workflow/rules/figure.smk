rule figure:
    input:
        summary=at("summary.nc"),
        # what a figure shows, and its words, stand in the campaign file
        campaign=campaign_file,
    output:
        pdf=at("figures/{figure}.pdf"),
        png=report(
            at("figures/{figure}.png"),
            caption="../report/figure.rst",
            category="{campaign}",
            labels={"content": "figure: {figure}"},
        ),
        csv=at("figures/{figure}.csv"),
        caption=at("figures/{figure}.rst"),
    log:
        at("logs/figure-{figure}.log"),
    benchmark:
        at("benchmarks/figure-{figure}.tsv")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        isaclib=ISACLIB,
        request=request_of_figure,
        caption=caption_of,
    message:
        "{wildcards.campaign}: figure {wildcards.figure}"
    shell:
        "{params.isaclib} workflow figure {params.request} > {log:q} 2>&1"

rule figure:
    input:
        summary=RESULTS + "/{campaign}/summary.nc",
        # what a figure shows, and its words, stand in the campaign file
        campaign=campaign_file,
    output:
        pdf=RESULTS + "/{campaign}/figures/{figure}.pdf",
        png=report(
            RESULTS + "/{campaign}/figures/{figure}.png",
            caption="../report/figure.rst",
            category="{campaign}",
            subcategory="Figures",
            labels={"content": "{figure}"},
        ),
        csv=RESULTS + "/{campaign}/figures/{figure}.csv",
        caption=RESULTS + "/{campaign}/figures/{figure}.rst",
    log:
        RESULTS + "/{campaign}/logs/figure-{figure}.log",
    benchmark:
        RESULTS + "/{campaign}/benchmarks/figure-{figure}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        request=request,
        caption=caption_of,
    message:
        "{wildcards.campaign}: figure {wildcards.figure}"
    shell:
        "{ISACLIB} workflow figure {params.request} --name {wildcards.figure:q} > {log:q} 2>&1"

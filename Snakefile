"""From campaign files to figures; the campaigns are those of config/config.yaml."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


localrules:
    all,
    complete,


rule all:
    input:
        datasets(),
        figures(),
        claims(),


include: "workflow/rules/plan.smk"
include: "workflow/rules/run.smk"
include: "workflow/rules/gather.smk"
include: "workflow/rules/summarise.smk"
include: "workflow/rules/figure.smk"
include: "workflow/rules/claims.smk"

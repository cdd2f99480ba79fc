"""What `snakemake` builds in this folder: the workflow that others import from workflow/Snakefile."""


include: "workflow/Snakefile"


# what is included gives no default target
rule build:
    input:
        rules.all.input,
    localrule: True

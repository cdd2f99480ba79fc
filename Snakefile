"""What `snakemake` builds in this folder: the workflow that others import from workflow/Snakefile."""


include: "workflow/Snakefile"

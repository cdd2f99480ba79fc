"""The deployment by geometric programs, as the paper has it (Section III-A)."""

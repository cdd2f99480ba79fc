"""Communication-oriented designs of ``hybrid``: sum-rate under a limit on the SPEB."""

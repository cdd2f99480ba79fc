"""Reference solvers of the scheme ``hybrid-beamforming``: Algorithms 1 and 2 of the paper, and manifold methods."""

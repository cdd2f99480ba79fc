"""Reference solvers of the sensing-oriented schemes in CVXPY, as Section IV writes them."""

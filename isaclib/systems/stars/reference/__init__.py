"""Reference solvers of ``stars`` in CVXPY, as the paper has them."""

"""Reference solvers of the schemes, mostly in CVXPY, as Sections IV and V write them."""

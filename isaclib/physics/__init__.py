"""Arrays, channels, Fisher information, links and estimators (floor 1)."""

# its kernels are kept in step with their sources by the floor below
import isaclib.numerics  # noqa: F401

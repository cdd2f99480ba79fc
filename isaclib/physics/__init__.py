"""Arrays, channels, Fisher information, links and estimators (floor 1)."""

"""Results as pandas frames, and comparisons started from Python, for notebooks."""

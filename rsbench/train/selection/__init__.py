"""Which training samples are kept: scores from a scoring phase, by method."""

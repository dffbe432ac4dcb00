"""Which blocks are sent: scores, thresholds, selectors."""

"""What is counted and timed: step times, collectives, wire bytes, totals over a run."""

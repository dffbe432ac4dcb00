"""Training-set selection: what rows that train on a share of the samples reach, and what choosing the share costs."""

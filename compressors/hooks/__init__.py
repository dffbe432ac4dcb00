"""Communication hooks: what happens to a bucket."""

"""Networks that map changes between two dates."""

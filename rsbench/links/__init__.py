"""Links: what connects a worker to the others, and what a collective costs on it."""

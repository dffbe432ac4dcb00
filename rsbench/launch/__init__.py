"""Worker processes: groups that stay for many cells, nodes and their gate, one rank, and why a cell failed."""

"""Processes of one cell: torchrun, nodes, one rank, and why a cell failed."""

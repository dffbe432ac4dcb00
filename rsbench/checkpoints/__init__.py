"""Checkpoints of a cell: their files, what writes and reads them, and when ranks save or stop."""

"""Faults put into a comparison that runs, and what must hold once the same command was run again to its end."""

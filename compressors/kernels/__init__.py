"""Compiled loops for CPUs, and when they are used."""

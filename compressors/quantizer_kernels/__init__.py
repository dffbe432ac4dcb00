"""Compiled loops for codes of fixed length on CPUs: signs and levels."""

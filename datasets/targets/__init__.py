"""Hyperspectral target detection."""

"""Hyperspectral anomaly detection: scenes without a target spectrum."""

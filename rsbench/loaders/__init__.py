"""Batches for training and evaluation: images, patches and spectra."""

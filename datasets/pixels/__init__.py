"""Pixel classification: a hyperspectral cube with LiDAR or SAR."""

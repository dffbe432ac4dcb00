"""Means, spreads and paired differences, over seeds and over test images."""

"""Networks that learn the background of a hyperspectral scene."""

"""What runs before launch: the grid, devices, data, model facts and the density for a ratio."""

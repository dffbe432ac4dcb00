"""How tensors are cut into blocks."""

"""How tensors are cut into blocks, and how blocks are told by their indices."""

"""How many blocks each tensor sends."""

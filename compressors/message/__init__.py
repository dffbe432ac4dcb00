"""The bytes of a message: its fields, formats of values, quantizers."""

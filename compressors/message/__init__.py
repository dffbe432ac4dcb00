"""The bytes of a message: values, indices, quantizers."""

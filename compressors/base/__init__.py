"""What compressors inherit: options, bytes from shapes, registering."""

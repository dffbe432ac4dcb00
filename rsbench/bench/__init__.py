"""`rsbench bench`: compressors timed on gradient shapes, without data."""

"""rsbench: honest comparison of gradient compressors on remote-sensing data."""

__version__ = "0.1.0"

"""Loggers: services and files that get a cell's numbers while it trains, by name or by entry point."""

"""Scene classification: pictures by class."""

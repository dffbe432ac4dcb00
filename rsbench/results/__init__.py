"""Records on disk: their folder, their schema, where they come from."""

"""What a run prints: results, notes, and how far its cells have come."""

"""How a report is drawn as one HTML page."""

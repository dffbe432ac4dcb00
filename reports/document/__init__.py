"""What a report is made of: tables and figures, as data."""

"""Tables that one task alone has."""

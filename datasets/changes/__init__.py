"""Change detection: pictures of two dates and a map of what changed."""

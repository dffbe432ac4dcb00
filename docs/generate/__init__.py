"""Pages of the documentation that are made from the program, so that nobody copies a table."""

"""Flat tables with all digits, for other programs: one row a method, a cell, or a link."""

"""How a report is drawn as Markdown, CSV, LaTeX, JSON or on the terminal."""

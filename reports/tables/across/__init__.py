"""Tables of several settings: links, models and numbers of workers side by side."""

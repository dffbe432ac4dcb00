"""What all commands share: headings of help, lists, environment variables, completion, errors."""

"""The options of the commands, in groups that several commands share."""

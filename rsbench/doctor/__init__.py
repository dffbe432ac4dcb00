"""What this machine has and what will not work here: a section a file, facts and problems apart."""

"""Bundles: one archive of a result folder that others can check, without paths or names of the machine."""

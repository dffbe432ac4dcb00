"""Emulated links: network namespaces of a machine, joined by links of the speed and the delay that is asked for."""

"""What the kernel counts: bytes of interfaces and sockets, and CPU time."""

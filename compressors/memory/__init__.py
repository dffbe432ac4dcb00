"""What stays on the rank: residuals, momentum, and how what was sent comes back."""

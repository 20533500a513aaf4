"""Text output, for terminals and pipes."""

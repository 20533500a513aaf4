"""JSON output."""

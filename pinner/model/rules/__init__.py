"""Define the rules of all findings, grouped by subject."""

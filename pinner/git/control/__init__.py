"""Reads the user's project repository, and reads and writes control repositories."""

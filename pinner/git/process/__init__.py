"""Runs git processes, and describes the repositories and remotes they run on."""

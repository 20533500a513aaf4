"""Read and write the user's files."""

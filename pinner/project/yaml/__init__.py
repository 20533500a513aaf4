"""Read and edit YAML with the positions of its values."""

"""Read and write manifests, settings and locks."""

"""`externals: newest`: release tags of third-party modules that satisfy everybody, or the demands that collide."""

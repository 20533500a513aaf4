"""Reader of literal Ruby code, which is never executed."""

"""Define the values that all packages share; imports no other package of pinner."""

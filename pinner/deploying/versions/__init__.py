"""`pinner deploy`: version directories of environments, made from the tree store and switched by one rename."""

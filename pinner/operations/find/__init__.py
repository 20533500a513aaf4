"""`pinner find`: which environments contain a commit, a change or the fix of a bug."""

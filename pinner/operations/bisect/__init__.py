"""`pinner bisect`: which module, and which commit of it, broke what a command tells."""

"""`pinner identify`: which upstream commits plain directories of modules are, by their content."""

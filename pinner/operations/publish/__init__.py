"""`pinner publish`: the generated files onto the branches of a control repository, all of them or none."""

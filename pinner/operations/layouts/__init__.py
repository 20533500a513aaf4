"""How environments lie in a control repository, for each of the ways in which r10k finds them."""

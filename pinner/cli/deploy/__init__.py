"""Commands that write what r10k and Puppet servers read."""

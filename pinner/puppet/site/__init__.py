"""The operator's own Puppet code: which classes, defined types and parameters of the modules it names. Text to values."""

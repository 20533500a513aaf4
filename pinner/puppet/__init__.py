"""Readers and writers of Puppet's formats: text in, values out, no I/O."""

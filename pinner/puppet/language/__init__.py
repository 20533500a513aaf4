"""The Puppet language: its syntax tree, the parser, and the evaluation of what needs no catalog."""

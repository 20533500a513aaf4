"""The door: click commands. Arguments in, exit code out, no rule of the domain."""

"""What lies on a server against the locks: `verify --deployed`. Reads files and mirrors, asks no remote."""

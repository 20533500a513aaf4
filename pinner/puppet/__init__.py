"""What Puppet knows: metadata, version ranges, Puppetfiles, code. Text to values, pure, no IO."""

"""Ruby text that holds nothing but literals: read word by word, never run, whatever stands in it."""

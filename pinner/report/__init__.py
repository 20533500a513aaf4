"""The mouth: results to text, JSON, Markdown. Computes nothing."""

"""Formats for CI systems and other tools: JUnit XML, SARIF, Markdown and CycloneDX."""

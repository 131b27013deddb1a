"""Heliograph's rules and boards for servers that a user runs already."""

"""The folder that `heliograph run` puts first on PYTHONPATH. Nothing imports it by this name."""

"""A research assistant over the documentation of the Python packages on this machine."""

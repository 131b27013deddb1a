"""The operator's tools around the stack: the local inbox, and trying whether notifications arrive."""

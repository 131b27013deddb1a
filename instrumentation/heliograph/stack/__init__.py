"""The stack on this machine: build, start, watch and stop the real servers."""

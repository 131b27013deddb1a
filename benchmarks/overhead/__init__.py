"""What telemetry adds to a model call: on the caller's thread, and in CPU time of the process; beside what others add."""

"""What telemetry adds to the caller's time, while the collector is up, down or hanging, with and without a spool."""

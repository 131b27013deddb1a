"""One application with one contender's telemetry; runs in that contender's own environment."""

"""Coverage-guided fuzzing (atheris, on libFuzzer) of what reads bytes from outside: `make fuzz-guided`."""

"""What Heliograph takes of a process: time to import, memory, threads, the loop, and what a dead collector costs."""

"""`heliograph drill`: break the running stack and its application, one thing at a time, and see who is told of what."""

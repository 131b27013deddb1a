"""How many spans a second the meter counts, without and with its store."""

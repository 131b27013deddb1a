"""How long the queries of the boards take on a Prometheus that holds 100 000 series and a day of them."""

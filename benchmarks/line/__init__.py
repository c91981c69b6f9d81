"""`referee bench`: how near a whole line comes to its bare network, in one run on one machine."""

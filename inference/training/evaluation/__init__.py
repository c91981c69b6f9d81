"""How good a network is: engines to run it, figures, pictures to look at."""

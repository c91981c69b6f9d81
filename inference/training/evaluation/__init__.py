"""How good a network is: engines that run it, figures, and pictures of the worst cases."""

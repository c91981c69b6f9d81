"""Other networks, trained beside DQFormer on the same pictures with the same budget.

``referee bench peers`` makes the table; each file in ``contenders/`` holds what one of them
does differently, and nothing else.
"""

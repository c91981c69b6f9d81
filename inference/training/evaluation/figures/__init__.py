"""How good is a network? One kind of figure a file; ``lines.py`` brings them together.

Everything is measured at the picture's own resolution and at the shipped operating point
(``masks.py``): no threshold is chosen on what is measured.
"""

from inference.training.evaluation.figures.images import image_figures
from inference.training.evaluation.figures.masks import SHIPPED
from inference.training.evaluation.figures.outcomes import Case, Outcome, measure, universal_cases

__all__ = ["SHIPPED", "Case", "Outcome", "image_figures", "measure", "universal_cases"]

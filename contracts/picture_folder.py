"""Names in a folder of labelled pictures, as the cameras replay it and as training reads it.

Two layouts are understood: that of MVTec AD (``train/good``, ``test/KIND``,
``ground_truth/KIND/STEM_mask.png``), and a list of pictures in ``index.json``.
"""

INDEX = "index.json"
GOOD = "good"
"""The kind of a part without a defect; every other kind is a defect's."""

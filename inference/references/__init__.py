"""Good parts as reference: a station's bank of features, and how far a part is from it.

A station has hundreds of good parts from its first hour. A *bank* keeps features of some of them;
each position of a new part is held against the nearest one. Nothing is trained, and the point at
which a part is rejected follows from the good parts themselves. Only numpy and OpenCV: what is
here can serve a line. Features come from elsewhere, as one (h, w, c) array a level, fine to coarse.

The idea of a memory of good features is PatchCore's (Roth et al. 2022, arXiv 2106.08265); levels,
score and operating point are ours.
"""

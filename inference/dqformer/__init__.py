"""DQFormer: referring anomaly segmentation with two tokens, "Anomaly" and "Background".

The names and the ideas are those of "Referring Industrial Anomaly Segmentation" (arXiv
2602.03673), known to us from its abstract. The equations in this package are ours.
"""

"""What is timed and compared, each with its command.

``line`` holds a whole line against its bare network, ``plc`` runs the bridge for long, ``engines``
times runtimes on the exported network, ``peers`` trains other networks beside DQFormer.
"""

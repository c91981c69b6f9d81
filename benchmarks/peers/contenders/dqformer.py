"""DQFormer, edge configuration: what the others are held against."""

from benchmarks.peers.contenders.contender import Contender

CONTENDER = Contender("dqformer", "two tokens, LMA, soft grouping: the network that ships")

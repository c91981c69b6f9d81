"""DQFormer as it ships: the network that the others are compared with."""

from benchmarks.peers.contenders.contender import Contender

CONTENDER = Contender("dqformer", "two tokens, LMA, soft grouping: the network that ships")

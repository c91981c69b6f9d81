"""Who is compared: DQFormer, its peers, and DQFormer with one thing taken away."""

from benchmarks.peers.contenders import (
    dqformer,
    hard_grouping,
    no_lma,
    no_synthetic,
    no_wrong_prompts,
    queries16,
    unet,
)
from benchmarks.peers.contenders.contender import Contender

OURS = dqformer.CONTENDER.name
CONTENDERS: dict[str, Contender] = {
    module.CONTENDER.name: module.CONTENDER
    for module in (
        unet,
        dqformer,
        queries16,
        no_lma,
        hard_grouping,
        no_wrong_prompts,
        no_synthetic,
    )
}
"""By name, in the order in which they are run."""

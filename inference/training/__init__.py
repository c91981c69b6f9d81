"""Data, training, evaluation and export; apart from ``dqformer`` only this room imports torch.

From the bottom: ``words`` (the grammar of prompts) and ``recipe`` (what decides a run), ``data``
(labelled pictures, made into batches), ``referring`` (data sets of expressions), ``evaluation``
(figures of a network), ``loop`` (training), ``delivery`` (export and fine-tuning). A room uses
those below it, never one above; a contract in pyproject.toml checks it.
"""

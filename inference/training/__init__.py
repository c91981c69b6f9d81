"""Data, training, evaluation and export. The only place besides ``dqformer`` that imports torch."""

"""Trained recurrent nets of other tools become artefacts, each with a proof that it answers as it did there.

Not here: what an imported net answers (tasks/heads/sequence/run.py), and nets of Recurra's own (model.py).
"""

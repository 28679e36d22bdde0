"""Trained models written for programs that have no Recurra: C sources (c/).

Not here: artefacts (artefact/), which Recurra itself reads.
"""

"""Trained models written for programs that have no Recurra: C sources (c/), ONNX files (onnx.py).

Not here: artefacts (artefact/), which Recurra itself reads.
"""

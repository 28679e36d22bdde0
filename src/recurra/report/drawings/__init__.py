"""Drawings of cells and networks as SVG, put together from strokes.

Not here: charts of figures (report/charts/).
"""

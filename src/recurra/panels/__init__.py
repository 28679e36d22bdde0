"""Many series at once, in NumPy: ready arrays, their seasons, classical forecasts, windows with features, blends.

Not here: reading tables (datasets/series/) and nets (layers/, nets/).
"""

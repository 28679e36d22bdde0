"""The three lab records, end to end: each measures, then lays recorded and measured side by side.

Not here: anything a lab would need that a user could not do with the estimators.
"""

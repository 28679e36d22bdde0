"""Imported nets: values or token ids of each step to outputs of each step, and final states.

Not here: learning; an imported net has learnt elsewhere (importing/).
"""

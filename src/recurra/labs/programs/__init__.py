"""The programs of the lab sheets, one file a lab, in steps that begin with `# %%`; page.py reads them.

Not here: the labs, which measure far more. Nothing imports these files: they are shown, copied and run.
"""

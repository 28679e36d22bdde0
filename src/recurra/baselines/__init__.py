"""Simple rivals every net is measured against: majority, NB-SVM, Kneser-Ney; naive and statistical forecasts.

Not here: names; import each rival from its own file.
"""

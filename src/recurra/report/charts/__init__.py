"""Charts as SVG, drawn by matplotlib on one canvas whose colours follow the page.

Not here: drawings of cells and networks (report/drawings/).
"""

"""Comparison with published numbers: a table of statements, what our result files say,
a verdict for each, and a page.
"""

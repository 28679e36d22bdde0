"""Recurra: recurrent networks made practical."""

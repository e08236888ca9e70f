"""Mechanisms over columns: continuous variables, and finite ones with continuous causes. One class a mechanism."""

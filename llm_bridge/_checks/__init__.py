"""Checks of a Problem against the text it was read from, cheapest first; none of them asks a language model."""

"""Text to Problem through a language model: asked, checked, mended or given up."""

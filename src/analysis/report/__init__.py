"""From executed notebooks to what a reader opens: pages in both languages."""

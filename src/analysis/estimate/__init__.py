"""From cells to tidy estimates: one module per question. Nothing here sees a person's row."""

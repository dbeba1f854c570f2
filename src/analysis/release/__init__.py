"""From estimates to what may be shown: rounding, hiding, and an attack that tries to undo both."""

"""Small groups: estimates that stand separation, what can be detected, combinations."""

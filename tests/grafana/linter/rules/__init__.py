"""The rules, a module for what they have in common. One that the upstream linter has bears its name there."""

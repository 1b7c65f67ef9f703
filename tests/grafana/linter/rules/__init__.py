"""The rules, a module for what they have in common. Those with a name in *-rule of the upstream linter bear its name."""

"""What a gate can demand: a module for each kind, and how counts become a verdict."""

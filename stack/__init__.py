"""The ground floor: the stack's model, its loader, the journal. Imports nothing of ours."""

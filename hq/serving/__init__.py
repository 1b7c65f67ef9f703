"""How `dev-hq serve` listens: where, with which certificate, to whom, and for how long it waits for a request."""

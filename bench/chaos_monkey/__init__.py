"""kill -9 at random moments of a loop, and observers outside that say whether a promise was broken."""

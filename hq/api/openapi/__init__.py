"""The OpenAPI document: what FastAPI reads off the routes, and what the doors, the guard and the reader of bodies add.

document.py makes it, pages.py shows it; the other files are what a route says of itself: its refusals, its events.
"""

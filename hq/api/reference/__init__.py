"""The OpenAPI document for people: the page at /api, and docs/api.md."""

"""A storefront, the vendor behind a proxy pool, and the load: something to break. Imports nothing of ours."""

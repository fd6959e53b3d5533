"""Updates along with changes of related rows: what is sent for them."""

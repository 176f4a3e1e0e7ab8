"""Closes the list of albums when it is full, and publishes it to the routes."""
